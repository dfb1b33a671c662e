//! Output files that appear complete or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

const BUFFER_BYTES: usize = 1 << 20;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The path is a folder, a pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// A file that is written under a temporary name in its final folder. An existing file stays until
/// [`OutputFile::publish`]; dropping the output removes the temporary file.
#[derive(Debug)]
pub struct OutputFile {
    file: BufWriter<File>,
    temporary: TempPath,
    /// As the user typed it, for messages.
    path: PathBuf,
    /// Absolute and without links, so that two outputs can be compared.
    target: PathBuf,
}

impl OutputFile {
    /// Creates the temporary file for `path`. Links are followed.
    ///
    /// # Errors
    ///
    /// [`OutputError`] if the folder is not writable, or `path` exists and is not a file.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        let failed = |source| OutputError::Write { path: path.to_owned(), source };
        let target = match fs::canonicalize(path) {
            Ok(existing) if existing.is_file() => existing,
            Ok(_) => return Err(OutputError::NotRegular { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => new_target(path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        };
        let folder = target.parent().expect("the path of a file is in a folder");
        let (file, temporary) = builder().tempfile_in(folder).map_err(failed)?.into_parts();
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Self { file, temporary, path: path.to_owned(), target })
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path that the file has until it is published.
    #[must_use]
    pub fn temporary_path(&self) -> &Path {
        &self.temporary
    }

    /// Whether both outputs are the same file.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.target == other.target
    }

    /// Syncs the content to the disk and renames the file to its final name, replacing an existing file.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`]; an existing file then stays.
    pub fn publish(self) -> Result<(), OutputError> {
        let Self { file, temporary, path, target } = self;
        let published = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
            file.sync_all()?;
            temporary.persist(&target).map_err(|refused| refused.error)
        });
        published.map_err(|source| OutputError::Write { path, source })
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The absolute path of a file that does not exist yet.
fn new_target(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(fs::canonicalize(folder)?.join(name))
}

/// Files get the permissions of any new file: the user's mask decides who else may read them.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".embed-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_replaces_another_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.npy");
        fs::write(&path, "old").unwrap();
        let mut abandoned = OutputFile::create(&path).unwrap();
        abandoned.write_all(b"half").unwrap();
        drop(abandoned);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut output = OutputFile::create(&path).unwrap();
        output.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        output.publish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["out.npy"]);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let taken = OutputFile::create(folder.path());
        assert!(matches!(taken, Err(OutputError::NotRegular { .. })), "{taken:?}");
        let missing = OutputFile::create(&folder.path().join("no/such/out.npy"));
        assert!(matches!(missing, Err(OutputError::Write { .. })), "{missing:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_a_device_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        OutputFile::create(&link).unwrap().publish().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(matches!(OutputFile::create(Path::new("/dev/null")), Err(OutputError::NotRegular { .. })));
    }
}
