//! A cache of digests of unchanged files: hashing a model's weights takes longer than a search.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hex::hex;

/// After a change this recent, another one may leave the same times, since the time resolution of file systems is
/// coarse.
const SETTLED: Duration = Duration::from_secs(2);

/// A folder of cached digests, with one file for each path.
///
/// An entry is valid for the size, times and inode of the file when its digest was computed. An unreadable entry counts
/// as missing, and a failure to write an entry is ignored: the digest is then computed again.
///
/// Programs that write to the folder are trusted: the digest decides which index a model may search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestCache {
    folder: PathBuf,
}

/// The state that identifies the content of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileState {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    /// When content, name or permissions changed last, in nanoseconds since 1970. No program can set it.
    changed: i128,
}

/// A digest and its subject.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    file: FileState,
    /// The hashed part or view of the file.
    subject: String,
    digest: String,
}

impl DigestCache {
    /// A cache in `folder`, which is created when the first digest is written.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The cached digest of `subject`, a part or a view of `file`.
    pub(super) fn get(&self, file: &FileState, subject: &str) -> Option<String> {
        if !file.is_settled(SystemTime::now()) {
            return None;
        }
        let entry: Entry = serde_json::from_slice(&fs::read(self.entry(file)).ok()?).ok()?;
        let is_digest = entry.digest.len() == 64 && entry.digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_digest && entry.file == *file && entry.subject == subject).then_some(entry.digest)
    }

    /// Stores the digest of `subject`. `file` is the state of the file before it was hashed.
    pub(super) fn put(&self, file: FileState, subject: &str, digest: &str) {
        if file.is_settled(SystemTime::now()) {
            let target = self.entry(&file);
            let entry = Entry { file, subject: subject.to_owned(), digest: digest.to_owned() };
            // A failure to write the cache costs only time.
            let _ = self.write(&target, &entry);
        }
    }

    fn write(&self, target: &Path, entry: &Entry) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&serde_json::to_vec(entry)?)?;
        file.persist(target)?;
        Ok(())
    }

    fn entry(&self, file: &FileState) -> PathBuf {
        let name = hex(&Sha256::digest(file.path.as_os_str().as_encoded_bytes()));
        self.folder.join(format!("{}.json", &name[..32]))
    }
}

impl FileState {
    /// The state of the file at `path`, which has `metadata`; `None` on systems without inodes.
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let nanoseconds =
                |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
            Some(Self {
                path: fs::canonicalize(path).ok()?,
                device: metadata.dev(),
                inode: metadata.ino(),
                size: metadata.size(),
                modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
                changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            })
        }
        #[cfg(not(unix))]
        {
            let _ = (path, metadata);
            None
        }
    }

    /// Whether the last change was long enough before `now` that a later one is detectable.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
        now - self.changed > SETTLED.as_nanos() as i128
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;

    const DIGEST: &str = "4926c92f7aca54c84b8c44de5f41e35726285169df790d6c53a1a113de9d024d";

    fn state_of(path: &Path) -> FileState {
        let metadata = fs::metadata(path).expect("the file is there");
        FileState::new(path, &metadata).expect("the system has inodes")
    }

    /// A file that counts as settled.
    fn settled(state: FileState) -> FileState {
        FileState { changed: state.changed - 3_000_000_000, ..state }
    }

    fn cache_and_file() -> (tempfile::TempDir, DigestCache, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("model.safetensors");
        fs::write(&file, "weights").expect("the folder is writable");
        let cache = DigestCache::new(folder.path().join("cache/digests"));
        (folder, cache, file)
    }

    #[test]
    fn a_digest_is_remembered_for_its_file_and_its_subject() {
        let (_folder, cache, file) = cache_and_file();
        let state = settled(state_of(&file));
        assert_eq!(cache.get(&state, "a"), None);
        cache.put(state.clone(), "a", DIGEST);
        assert_eq!(cache.get(&state, "a").as_deref(), Some(DIGEST));
        assert_eq!(cache.get(&state, "b"), None);
        let entries = fs::read_dir(&cache.folder).expect("it was made").count();
        assert_eq!(entries, 1, "no temporary file stays");
    }

    #[test]
    fn any_change_of_the_file_forgets_its_digest() {
        let (_folder, cache, file) = cache_and_file();
        let state = settled(state_of(&file));
        cache.put(state.clone(), "a", DIGEST);
        for changed in [
            FileState { size: state.size + 1, ..state.clone() },
            FileState { modified: state.modified + 1, ..state.clone() },
            FileState { changed: state.changed + 1, ..state.clone() },
            FileState { inode: state.inode + 1, ..state.clone() },
            FileState { device: state.device + 1, ..state.clone() },
        ] {
            assert_eq!(cache.get(&changed, "a"), None, "{changed:?}");
        }
    }

    #[test]
    fn the_same_size_and_time_with_other_content_is_another_state() {
        let (_folder, _, file) = cache_and_file();
        let before = state_of(&file);
        let time = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("files have times");
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&file, "WEIGHTS").expect("the folder is writable");
        let times = FileTimes::new().set_modified(time);
        File::options()
            .write(true)
            .open(&file)
            .and_then(|file| file.set_times(times))
            .expect("times are set");
        let after = state_of(&file);
        assert_eq!((after.size, after.modified, after.inode), (before.size, before.modified, before.inode));
        assert_ne!(after, before);
    }

    #[test]
    fn a_file_that_just_changed_is_neither_remembered_nor_trusted() {
        let (_folder, cache, file) = cache_and_file();
        let state = state_of(&file);
        cache.put(state.clone(), "a", DIGEST);
        assert!(!cache.folder.exists());
        let older = settled(state.clone());
        cache.put(older, "a", DIGEST);
        assert_eq!(cache.get(&state, "a"), None);
        let future = FileState { changed: state.changed + 3_600_000_000_000, ..state };
        assert!(!future.is_settled(SystemTime::now()));
    }

    #[test]
    fn a_damaged_or_unwritable_cache_is_ignored() {
        let (folder, cache, file) = cache_and_file();
        let state = settled(state_of(&file));
        cache.put(state.clone(), "a", DIGEST);
        let entry = cache.entry(&state);
        let whole = fs::read_to_string(&entry).expect("an entry is text");
        for damaged in [&whole[..whole.len() / 2], "", "{}", &whole.replace(DIGEST, "x")] {
            fs::write(&entry, damaged).expect("the folder is writable");
            assert_eq!(cache.get(&state, "a"), None, "{damaged}");
        }
        cache.put(state.clone(), "a", DIGEST);
        assert_eq!(cache.get(&state, "a").as_deref(), Some(DIGEST));
        let blocked = DigestCache::new(file.join("below a file"));
        blocked.put(state.clone(), "a", DIGEST);
        assert_eq!(blocked.get(&state, "a"), None);
        drop(folder);
    }
}
