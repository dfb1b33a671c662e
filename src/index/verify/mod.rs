//! The check of a whole index: every row, code, checksum, page, text and word.
//!
//! Faults are collected rather than returned at the first one, so that a person sees all there is to mend.

mod catalog;
mod files;
mod words;

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
/// Those of [`Reader::open`](super::Reader::open), but for damage, which is a fault.
pub fn verify(path: &Path) -> Result<Vec<Fault>, Error> {
    let folder = Folder::new(path);
    folder.check()?;
    let mut faults = Faults::default();
    let Some(catalog) = faults.note(open_catalog(&folder))? else { return Ok(faults.0) };
    let catalog = catalog.private_copy().unwrap_or(catalog);
    verify_open(&folder, &catalog, &mut faults)?;
    Ok(faults.0)
}

fn verify_open(folder: &Folder, catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    catalog::verify_tables(catalog, faults)?;
    let (Some(settings), Some(generation)) =
        (faults.note(catalog.settings())?, faults.note(Generation::load(catalog))?)
    else {
        return Ok(());
    };
    catalog::verify_links(catalog, &generation, faults)?;
    let words = words::verify_words(catalog, generation.next_vector(), faults);
    faults.note(words)?;
    let Some(header) = faults.note(catalog.header(&settings, generation.number()))? else { return Ok(()) };
    files::verify_files(folder, catalog, &generation, header, faults)
}

/// The faults so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &Path, what: Damage) {
        let fault = Fault { path: path.to_path_buf(), what };
        if !self.0.contains(&fault) {
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
