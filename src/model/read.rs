//! Reading the files of a model.

use std::fs;
use std::io;
use std::path::Path;

/// The bytes of the file at `path`.
///
/// # Errors
///
/// What the system says, and an error for a pipe or a device: opening a pipe without a writer would wait for ever.
pub(super) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    check_regular(path)?;
    fs::read(path)
}

/// Refuses whatever is neither a file nor a folder; reading a folder fails with an error of its own.
pub(super) fn check_regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}
