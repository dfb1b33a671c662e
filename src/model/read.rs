//! Reading the files of a model.

use std::fs;
use std::io;
use std::path::Path;

/// The bytes of the file at `path`.
///
/// # Errors
///
/// The system's error, and an error for a pipe or a device: opening a pipe without a writer would block forever.
pub(super) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    check_regular(path)?;
    fs::read(path)
}

/// Refuses anything but files and folders; reading a folder fails with its own error.
pub(super) fn check_regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}
