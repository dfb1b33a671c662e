//! The names in an index folder, how an index is found, and the lock of its one writer.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::error::{Action, Error};
use super::header::{Header, RecordKind};
use super::reserve::RESERVE;

/// The default name of the index folder.
pub const FOLDER_NAME: &str = ".embed";

const CATALOG: &str = "catalog.sqlite";
/// The catalog until it is complete; renaming it to [`CATALOG`] makes the folder an index.
const NEW_CATALOG: &str = "catalog.sqlite.new";
/// `SQLite` keeps journals beside their database, under its name and one of these.
const JOURNAL_SUFFIXES: [&str; 3] = ["-journal", "-wal", "-shm"];
const LOCK: &str = "writer.lock";
const VECTORS_PREFIX: &str = "vectors-";

/// Finds the index that serves `start`: the nearest [`FOLDER_NAME`] with a catalog in `start` or a folder
/// above it.
///
/// The search ends after `home`, and before the first folder that lies on another file system than `start`
/// (Unix only). `start` and `home` are absolute. An unreadable folder counts as one without an index.
#[must_use]
pub fn find_index(start: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let device = device_of(start);
    for folder in start.ancestors().take_while(|folder| device_of(folder) == device) {
        let candidate = folder.join(FOLDER_NAME);
        if candidate.join(CATALOG).is_file() {
            return Some(candidate);
        }
        if home == Some(folder) {
            break;
        }
    }
    None
}

/// The device that holds `path`; `None` for a missing path. Systems without device numbers count as one device.
fn device_of(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    return fs::metadata(path).ok().map(|metadata| std::os::unix::fs::MetadataExt::dev(&metadata));
    #[cfg(not(unix))]
    return path.metadata().ok().map(|_| 0);
}

/// The paths in one index folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn catalog(&self) -> PathBuf {
        self.0.join(CATALOG)
    }

    pub(super) fn new_catalog(&self) -> PathBuf {
        self.0.join(NEW_CATALOG)
    }

    /// The journals that may stand beside the catalog.
    pub(super) fn companions_of_catalog(&self) -> impl Iterator<Item = PathBuf> {
        JOURNAL_SUFFIXES.iter().map(|suffix| self.0.join(format!("{CATALOG}{suffix}")))
    }

    /// The file with that header.
    pub(super) fn records(&self, header: Header) -> PathBuf {
        self.0.join(format!("{VECTORS_PREFIX}{}.{}", header.generation, extension(header)))
    }

    /// The name of that file until it is complete.
    pub(super) fn new_records(&self, header: Header) -> PathBuf {
        self.records(header).with_extension(format!("{}.new", extension(header)))
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join(LOCK)
    }

    /// Checks by the names in the folder alone whether it holds an index.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotAnIndex`], [`Error::Unfinished`], or [`Error::Io`] where the folder
    /// cannot be read.
    pub(super) fn check(&self) -> Result<(), Error> {
        let exists = |path: &Path| path.try_exists().map_err(Error::io(path, Action::Open));
        let path = self.0.clone();
        if !exists(&path)? {
            Err(Error::Missing { path })
        } else if !path.is_dir() {
            Err(Error::NotAnIndex { path })
        } else if exists(&self.catalog())? {
            Ok(())
        } else if exists(&self.lock_file())? {
            Err(Error::Unfinished { path })
        } else {
            Err(Error::NotAnIndex { path })
        }
    }

    /// Checks that no pipe or device has the name of a file that `SQLite` opens: opening it would block for ever.
    pub(super) fn check_catalog_files(&self) -> Result<(), Error> {
        let files = [self.catalog(), self.new_catalog()];
        files.into_iter().chain(self.companions_of_catalog()).try_for_each(|path| expect_regular(&path))
    }

    /// What tells one catalog from another that took its place: device and inode. `None` where the system has none.
    pub(super) fn identity_of_catalog(&self) -> Option<(u64, u64)> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(self.catalog()).ok().map(|metadata| (metadata.dev(), metadata.ino()))
        }
        #[cfg(not(unix))]
        None
    }

    /// Syncs names that were created, changed or removed in the folder to the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        sync_folder(&self.0)
    }

    /// Every generation that has a file, live or not.
    pub(super) fn generations(&self) -> Result<Vec<u64>, Error> {
        Ok(self.names()?.iter().filter_map(|name| generation_of(name)).collect())
    }

    /// Whether every file was written by this module.
    pub(super) fn holds_only_index_files(&self) -> Result<bool, Error> {
        let ours = |name: &String| {
            name == LOCK || name == RESERVE || name.starts_with(NEW_CATALOG) || generation_of(name).is_some()
        };
        Ok(self.names()?.iter().all(ours))
    }

    /// Removes what is left of a catalog that was never completed.
    pub(super) fn remove_new_catalog(&self, lock: &WriterLock) -> Result<(), Error> {
        self.remove(lock, |name| name.starts_with(NEW_CATALOG))
    }

    /// Removes the files of every generation but `live`.
    pub(super) fn remove_other_generations(&self, live: u64, lock: &WriterLock) -> Result<(), Error> {
        self.remove(lock, |name| generation_of(name).is_some_and(|generation| generation != live))
    }

    /// A file that cannot be removed (some systems refuse while a reader maps it) is left to the next writer.
    fn remove(&self, _lock: &WriterLock, unwanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        for name in self.names()?.iter().filter(|name| unwanted(name)) {
            let _left_to_the_next_writer = fs::remove_file(self.0.join(name));
        }
        Ok(())
    }

    /// The size in bytes of all files that still exist.
    pub(super) fn bytes(&self) -> Result<u64, Error> {
        let size = |name: String| fs::metadata(self.0.join(name)).map_or(0, |metadata| metadata.len());
        Ok(self.names()?.into_iter().map(size).sum())
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let failed = || Error::io(&self.0, Action::List);
        let entries = fs::read_dir(&self.0).map_err(failed())?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        names.collect::<Result<_, _>>().map_err(failed())
    }
}

const fn extension(header: Header) -> &'static str {
    match header.kind {
        RecordKind::Components => "f32",
        RecordKind::CoarseCodes => "i6",
        RecordKind::FineCodes => "i2",
        RecordKind::Checksums => "crc",
    }
}

/// The generation of a file of vectors or of codes, from its name.
fn generation_of(name: &str) -> Option<u64> {
    let (generation, _encoding) = name.strip_prefix(VECTORS_PREFIX)?.split_once('.')?;
    generation.parse().ok()
}

/// Refuses what exists but is not a regular file. Opening a pipe would block until its other end is opened.
pub(super) fn expect_regular(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(Error::NotRegular { path: path.to_path_buf() }),
        // Opening the file reports what is wrong.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Syncs the names in `folder` to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    // Windows cannot open a folder as a file, and its file systems journal names themselves.
    if cfg!(unix) {
        let opened = File::open(folder).map_err(Error::io(folder, Action::Open))?;
        opened.sync_all().map_err(Error::io(folder, Action::Sync))?;
    }
    Ok(())
}

/// The right to write to an index, held until dropped or until the process dies.
///
/// While it is held, the file has the id of the process, so that another can name it.
#[derive(Debug)]
pub(super) struct WriterLock {
    file: File,
}

/// The digits of the longest process id, and more than enough for a line end.
const HOLDER_BYTES: u64 = 16;

impl WriterLock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where another writer holds it, in this process or another.
    pub(super) fn acquire(folder: &Folder) -> Result<Self, Error> {
        let path = folder.lock_file();
        expect_regular(&path)?;
        // The file is never removed: a lock on a removed file would not exclude anyone.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(Error::io(&path, Action::Create))?;
        match file.try_lock() {
            Ok(()) => {
                let _unknown_to_others = name_holder(&mut file);
                Ok(Self { file })
            }
            Err(TryLockError::WouldBlock) => {
                Err(Error::Locked { path: folder.path().to_path_buf(), holder: holder(&mut file) })
            }
            Err(TryLockError::Error(source)) => Err(Error::io(&path, Action::Lock)(source)),
        }
    }
}

impl Drop for WriterLock {
    /// Empties the file while it is still locked: the next process would be told of this one until the next holder has
    /// named itself.
    fn drop(&mut self) {
        let _unknown_to_others = self.file.set_len(0);
    }
}

/// Replaces the content of a lock file by the id of this process. A full disk keeps nobody from writing less.
fn name_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

/// The process that holds the lock, if it has named itself. Windows does not let others read a locked file.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(HOLDER_BYTES).read_to_string(&mut text).ok()?;
    text.strip_suffix('\n')?.parse().ok()
}
