//! Reading the files of a model: regular files in its folder, of a length that memory has room for.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::ModelError;
use crate::hub::LONGEST_JSON;

/// The path of `file` in the model's `folder`; none if it is missing.
///
/// # Errors
///
/// [`ModelError::Outside`] for a link that leads out of the folder. The folder may be a snapshot in the cache of the hub,
/// whose links lead to the blobs beside the snapshots.
pub(super) fn find(folder: &Path, file: &str) -> Result<Option<PathBuf>, ModelError> {
    let path = folder.join(file);
    let failed = |path: &Path, source| ModelError::Read { path: path.to_owned(), source };
    let target = match fs::canonicalize(&path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&path, error)),
    };
    let folder = fs::canonicalize(folder).map_err(|error| failed(folder, error))?;
    let is_inside = target.starts_with(&folder);
    if is_inside || blobs_beside(&folder).is_some_and(|blobs| target.parent() == Some(&blobs)) {
        Ok(Some(path))
    } else {
        Err(ModelError::Outside { path, target })
    }
}

/// The bytes of `file` in the model's `folder`; none if it is missing.
///
/// # Errors
///
/// As [`find`], and [`ModelError::Read`]; a file that is longer than any configuration is not read into memory.
pub(super) fn read(folder: &Path, file: &str) -> Result<Option<Vec<u8>>, ModelError> {
    let Some(path) = find(folder, file)? else { return Ok(None) };
    let bytes = check_regular(&path).and_then(|()| check_length(&path)).and_then(|()| fs::read(&path));
    bytes.map(Some).map_err(|source| ModelError::Read { path, source })
}

/// Refuses anything but files and folders; reading a folder fails with its own error. Opening a pipe without
/// a writer would block forever.
pub(super) fn check_regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"))
}

fn check_length(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.len() <= LONGEST_JSON {
        return Ok(());
    }
    let problem = format!("it is longer than the limit of {LONGEST_JSON} bytes");
    Err(io::Error::new(ErrorKind::FileTooLarge, problem))
}

/// The blobs of a repository in the cache of the hub, if `folder` is one of its snapshots.
fn blobs_beside(folder: &Path) -> Option<PathBuf> {
    let snapshots = folder.parent().filter(|parent| parent.ends_with("snapshots"))?;
    fs::canonicalize(snapshots.with_file_name("blobs")).ok()
}
