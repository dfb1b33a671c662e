//! Creating an index, and rebuilding one.

use std::fs;
use std::io;
use std::path::Path;

use super::catalog::{Access, Catalog};
use super::error::{Action, Error};
use super::folder::{Folder, WriterLock, sync_folder};
use super::generation::{Generation, VectorNumber};
use super::matrix::MatrixFile;
use super::records::SourceId;
use super::schema::LIVE_GENERATION;
use super::settings::{IndexId, Settings};
use super::words::WORDS;
use super::writer::{Publication, Recorded, Writer};
use crate::words::{ANALYSIS_VERSION, WordBuffer};

impl Writer {
    /// Creates an empty index in the folder at `path`, and opens it for writing.
    ///
    /// The folder is created if it is missing; its parent must exist. The last step alone makes the folder an
    /// index: after an interrupted creation readers report [`Error::Unfinished`], and the next creation takes the
    /// folder over.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::NotEmpty`] where the folder holds other files,
    /// [`Error::Locked`], [`Error::ReadOnly`], [`Error::Io`] and [`Error::Sql`].
    pub fn create(path: &Path, settings: &Settings) -> Result<Self, Error> {
        let folder = Folder::new(path);
        match fs::create_dir(path) {
            // Another process may be creating the index, too.
            Err(error) if !path.is_dir() => return Err(Error::io(path, Action::Create)(error)),
            Ok(()) | Err(_) => {}
        }
        let holds_other_files = !folder.holds_only_index_files()?;
        if folder.catalog().exists() {
            return Err(Error::AlreadyExists { path: path.to_path_buf() });
        }
        if holds_other_files {
            return Err(Error::NotEmpty { path: path.to_path_buf() });
        }
        let lock = WriterLock::acquire(&folder)?;
        // Another process may have created the index between the check and the lock.
        if folder.catalog().exists() {
            return Err(Error::AlreadyExists { path: path.to_path_buf() });
        }
        let (folder, lock) = Self::start(folder, lock, settings)?.finish()?;
        Self::open_locked(folder, lock)
    }

    /// Begins an index that replaces the one in the folder at `path`, for another model or because the old one
    /// is damaged.
    ///
    /// Readers see the old index until [`Writer::close`] replaces it in one step. Dropping the writer keeps the
    /// old index.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotAnIndex`], [`Error::Unfinished`], [`Error::Locked`],
    /// [`Error::ReadOnly`], [`Error::Io`] and [`Error::Sql`].
    pub fn rebuild(path: &Path, settings: &Settings) -> Result<Self, Error> {
        let folder = Folder::new(path);
        folder.check()?;
        folder.check_catalog_files()?;
        let lock = WriterLock::acquire(&folder)?;
        match Catalog::open(folder.catalog(), Access::Write) {
            // Rebuilds that were killed left their files.
            Ok(catalog) => {
                if let Ok(live) = catalog.setting(LIVE_GENERATION) {
                    folder.remove_other_generations(live, &lock)?;
                }
            }
            Err(Error::Corrupt { .. } | Error::NewerFormat { .. }) => {}
            Err(error) => return Err(error),
        }
        Self::start(folder, lock, settings)
    }

    /// Creates the files of an index that readers do not see yet.
    fn start(folder: Folder, lock: WriterLock, settings: &Settings) -> Result<Self, Error> {
        folder.remove_new_catalog(&lock)?;
        folder.check_catalog_files()?;
        let generation = Generation::new(folder.unused_generation(0)?, VectorNumber(0));
        let catalog = Catalog::create(folder.new_catalog())?;
        let index = catalog.random_id()?;
        catalog.set_settings(settings, index)?;
        let matrix = MatrixFile::create(&folder, catalog.header(settings, generation.number())?)?;
        catalog.set(LIVE_GENERATION, generation.number())?;
        catalog.set(WORDS, ANALYSIS_VERSION)?;
        catalog.record_segments()?;
        generation.store(&catalog)?;
        catalog.batch("COMMIT")?;
        folder.sync()?;
        Ok(Self {
            catalog,
            folder,
            settings: settings.clone(),
            matrix,
            generation,
            recorded: Recorded::Current,
            batch: None,
            words: WordBuffer::default(),
            last_abandoned: SourceId(0),
            publication: Publication::Unpublished,
            lock,
        })
    }
}

impl Catalog {
    fn random_id(&self) -> Result<IndexId, Error> {
        self.one("SELECT randomblob(16)", [], |row| row.get(0).map(IndexId::from_random))
    }
}

impl Folder {
    /// The number of a generation after `live` and without files in the folder.
    pub(super) fn unused_generation(&self, live: u64) -> Result<u64, Error> {
        Ok(self.generations()?.into_iter().fold(live, u64::max).saturating_add(1))
    }

    /// Gives a complete new catalog its name, replacing an older one: the step that makes the folder an index.
    pub(super) fn publish(&self, _lock: &WriterLock) -> Result<(), Error> {
        self.remove_companions_of_catalog()?;
        let new = self.new_catalog();
        fs::rename(&new, self.catalog()).map_err(Error::io(&new, Action::Rename))?;
        self.sync()?;
        sync_folder(&self.path().join(".."))
    }

    /// Removes the journal of an old catalog that could not be recovered: `SQLite` would apply it to the new
    /// one.
    fn remove_companions_of_catalog(&self) -> Result<(), Error> {
        for path in self.companions_of_catalog() {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io(&path, Action::Remove)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}
