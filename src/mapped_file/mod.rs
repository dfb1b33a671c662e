//! Read-only memory maps: the one place outside `simd` that needs `unsafe`.

mod truncation;

use std::fs::File;
use std::io;

pub use truncation::{OnTruncation, tolerate_truncation};

/// A file's bytes, read from the page cache as they are touched.
///
/// Invariant: mapped files are replaced by renaming or extended at their end, never rewritten or truncated while in use.
/// If another program truncates one, the process ends with a bus error, as every program does that maps files, unless it
/// has called [`tolerate_truncation`].
#[derive(Debug)]
pub struct MappedFile {
    // Dropped first: another map may take the addresses of one that is gone.
    watched: Option<truncation::Watched>,
    map: memmap2::Mmap,
}

impl MappedFile {
    /// Maps the first `length` bytes of an open file, which has at least as many.
    ///
    /// # Errors
    ///
    /// What the system says where the file cannot be mapped.
    pub fn from_start(file: &File, length: usize, on_truncation: OnTruncation) -> io::Result<Self> {
        #[expect(unsafe_code, reason = "memory maps have no safe interface")]
        // SAFETY: the bytes are only read, and as plain numbers, of which every bit pattern is valid; that nobody
        // truncates or rewrites them is this type's stated contract.
        let map = unsafe { memmap2::MmapOptions::new().len(length).map(file) }?;
        let watched = truncation::Watched::new(&map, on_truncation);
        Ok(Self { watched, map })
    }

    /// Maps the whole of an open file.
    ///
    /// # Errors
    ///
    /// What the system says where the file cannot be mapped; a folder cannot.
    pub fn whole(file: &File, on_truncation: OnTruncation) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let length = usize::try_from(metadata.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Self::from_start(file, length, on_truncation)
    }

    /// The file's bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.map
    }

    /// Whether whole pages were read as zeros because another program had cut the file short, or the disk could not read
    /// them. Of a page that the file still has a part of, the system itself reads the rest as zeros.
    #[must_use]
    pub fn was_truncated(&self) -> bool {
        self.watched.as_ref().is_some_and(truncation::Watched::was_truncated)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bytes_that_another_program_cut_off_read_as_zeros_and_are_reported() {
        tolerate_truncation();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; 1 << 16]).unwrap();
        let mapped = MappedFile::from_start(&file, 1 << 16, OnTruncation::ReadZeros).unwrap();
        assert!(mapped.as_slice().iter().all(|&byte| byte == 7));
        assert!(!mapped.was_truncated());
        file.set_len(1 << 13).unwrap();
        let sum: u64 = mapped.as_slice().iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(sum, 7 << 13);
        assert!(mapped.was_truncated());
        let another = MappedFile::from_start(&file, 1 << 13, OnTruncation::ReadZeros).unwrap();
        assert!(!another.was_truncated());
        assert_eq!(another.as_slice()[0], 7);
    }
}
