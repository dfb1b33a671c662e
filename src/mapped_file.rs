//! Read-only memory maps: the one place outside `simd` that needs `unsafe`.

use std::fs::File;
use std::io;

/// A file's bytes, read from the page cache as they are touched.
///
/// Invariant: mapped files are replaced by renaming or extended at their end, never rewritten or truncated while in
/// use. If another program truncates a mapped file, the process ends with a bus error, as with any memory map.
#[derive(Debug)]
pub struct MappedFile(memmap2::Mmap);

impl MappedFile {
    /// Maps the first `length` bytes of an open file, which has at least as many.
    ///
    /// # Errors
    ///
    /// The system's error if the file cannot be mapped.
    pub fn from_start(file: &File, length: usize) -> io::Result<Self> {
        #[expect(unsafe_code, reason = "memory maps have no safe interface")]
        // SAFETY: the bytes are only read, as plain numbers, for which every bit pattern is valid. This type's contract
        // is that no one truncates or rewrites the file.
        let map = unsafe { memmap2::MmapOptions::new().len(length).map(file) }?;
        Ok(Self(map))
    }

    /// Maps the whole of an open file.
    ///
    /// # Errors
    ///
    /// The system's error if the file cannot be mapped, such as a folder.
    pub fn whole(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let length = usize::try_from(metadata.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Self::from_start(file, length)
    }

    /// The file's bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}
