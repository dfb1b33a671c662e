//! How many bytes a file may take: what the settings allow, and what the disk of the cache has room for.

use std::path::Path;

/// Bytes; the largest vocabularies known take a sixth of this.
pub(crate) const LONGEST_JSON: u64 = 256 << 20;

/// The room for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// The longest file that is fetched.
    pub(super) longest: u64,
    /// The bytes that are free, where the system tells.
    pub(super) free: Option<u64>,
}

/// The result of comparing the length of a file with its room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The transfer ends with an error once the file has more bytes than this.
    UpTo(u64),
    TooLong,
    /// These bytes are left on the disk.
    NoRoom(u64),
}

impl Room {
    /// The room for `file` in `folder`.
    pub(super) fn of(file: &str, folder: &Path, longest: u64) -> Self {
        Self { longest: longest_of(file, longest), free: free_bytes(folder) }
    }

    /// Whether a file of `size` bytes fits, of which `present` are on the disk. Without a size, one sixteenth of the disk's
    /// free space stays free.
    pub(super) fn fit(self, size: Option<u64>, present: u64) -> Fit {
        match (size, self.free) {
            (Some(size), _) if size > self.longest => Fit::TooLong,
            (Some(size), Some(free)) if size.saturating_sub(present) > free => Fit::NoRoom(free),
            (Some(size), _) => Fit::UpTo(size),
            (None, None) => Fit::UpTo(self.longest),
            (None, Some(free)) => Fit::UpTo(self.longest.min(present.saturating_add(free - free / 16))),
        }
    }
}

/// The longest `file` that is fetched where `longest` is the limit of all.
pub(super) fn longest_of(file: &str, longest: u64) -> u64 {
    let is_json = Path::new(file).extension().is_some_and(|extension| extension == "json");
    if is_json { longest.min(LONGEST_JSON) } else { longest }
}

/// The bytes that this user may still write to the file system of `folder`.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let state = rustix::fs::statvfs(folder).ok()?;
    // A file system without a size of its own says 0 for everything.
    (state.f_blocks > 0).then(|| state.f_bavail.saturating_mul(state.f_frsize))
}

#[cfg(not(unix))]
const fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_size_is_the_limit_of_its_file() {
        let room = Room { longest: 1000, free: Some(160) };
        assert_eq!(room.fit(Some(100), 0), Fit::UpTo(100));
        assert_eq!(room.fit(Some(160), 0), Fit::UpTo(160));
        assert_eq!(room.fit(Some(161), 0), Fit::NoRoom(160));
        assert_eq!(room.fit(Some(161), 1), Fit::UpTo(161), "what is there needs no room");
        assert_eq!(room.fit(Some(1001), 1001), Fit::TooLong);
        assert_eq!(room.fit(Some(u64::MAX), 0), Fit::TooLong);
    }

    #[test]
    fn a_file_without_a_size_may_not_fill_the_disk() {
        assert_eq!(Room { longest: 1000, free: Some(160) }.fit(None, 7), Fit::UpTo(157));
        assert_eq!(Room { longest: 1000, free: Some(u64::MAX) }.fit(None, 7), Fit::UpTo(1000));
        assert_eq!(Room { longest: 1000, free: None }.fit(None, 0), Fit::UpTo(1000));
    }

    #[test]
    fn configurations_are_shorter_than_weights() {
        let longest = |file| longest_of(file, u64::MAX);
        assert_eq!((longest("tokenizer.json"), longest("model.safetensors")), (LONGEST_JSON, u64::MAX));
        assert_eq!(longest_of("tokenizer.json", 10), 10);
    }

    #[cfg(unix)]
    #[test]
    fn the_free_space_of_a_folder_is_known() {
        assert!(free_bytes(&std::env::temp_dir()).is_some());
        assert_eq!(free_bytes(Path::new("/no/such/folder")), None);
    }
}
