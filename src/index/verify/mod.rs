//! The check of a whole index: every row, code, checksum, page, text and word.
//!
//! Faults are collected rather than returned at the first one, so that a person sees all there is to mend.

mod catalog;
mod files;
mod words;

use files::Opened;
pub(super) use files::checked_segments;

use std::fmt;
use std::path::{Path, PathBuf};

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::folder::Folder;
use super::generation::Generation;
use super::reader::open_catalog;

/// One contradiction in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The damaged file.
    pub path: PathBuf,
    /// The contradiction.
    pub what: Damage,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.what)
    }
}

/// Reads everything in the index folder at `path` and compares it with its checksums and with each other. Writers go on
/// beside it, on another copy of the catalog, where there is room for one.
///
/// # Errors
///
/// Those of [`Reader::open`](super::Reader::open), except damage, which is returned as a fault.
pub fn verify(path: &Path) -> Result<Vec<Fault>, Error> {
    let folder = Folder::new(path);
    folder.check()?;
    loop {
        let identity = folder.identity_of_catalog();
        let faults = verify_snapshot(&folder)?;
        // A rebuild that put another catalog in place has removed the files that the old one names.
        if faults.is_empty() || folder.identity_of_catalog() == identity {
            return Ok(faults);
        }
    }
}

fn verify_snapshot(folder: &Folder) -> Result<Vec<Fault>, Error> {
    let mut faults = Faults::default();
    let Some(catalog) = faults.note(open_catalog(folder))? else { return Ok(faults.0) };
    // Within the snapshot: a compaction removes the files afterwards.
    let files = match Opened::new(folder, &catalog) {
        Err(Error::Corrupt { .. }) => None,
        opened => Some(opened?),
    };
    let catalog = catalog.private_copy().unwrap_or(catalog);
    verify_open(folder, &catalog, files, &mut faults)?;
    Ok(faults.0)
}

fn verify_open(
    folder: &Folder,
    catalog: &Catalog,
    files: Option<Opened>,
    faults: &mut Faults,
) -> Result<(), Error> {
    catalog::verify_tables(catalog, faults)?;
    let settings = faults.note(catalog.settings())?;
    let Some(generation) = faults.note(Generation::load(catalog))? else { return Ok(()) };
    catalog::verify_links(catalog, &generation, faults)?;
    let words = words::verify_words(catalog, generation.next_vector(), faults);
    faults.note(words)?;
    if let Some(settings) = settings {
        faults.note(catalog.header(&settings, generation.number()))?;
    }
    files.map_or(Ok(()), |files| files.verify(folder, catalog, &generation, faults))
}

/// The faults so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &Path, what: Damage) {
        let fault = Fault { path: path.to_path_buf(), what };
        if self.0.last() != Some(&fault) {
            self.0.push(fault);
        }
    }

    /// What a step gave; `None` where it found damage, which is noted.
    fn note<T>(&mut self, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(Error::Corrupt { path, what }) => {
                self.add(&path, what);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
