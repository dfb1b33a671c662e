//! The check of everything, in order.

use std::path::Path;

use super::fault::{Fault, Faults};
use super::files::Opened;
use super::{catalog, words};
use crate::index::catalog::Catalog;
use crate::index::error::Error;
use crate::index::folder::Folder;
use crate::index::generation::Generation;
use crate::index::reader::open_catalog;

/// Reads everything in the index folder at `path` and compares it with its checksums and with each other. Writers go on
/// beside it, on another copy of the catalog, where there is room for one.
///
/// # Errors
///
/// Those of [`Reader::open`](crate::index::Reader::open), except damage, which is returned as a fault.
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
    let Some(catalog) = faults.note(open_catalog(folder))? else { return Ok(faults.into_list()) };
    // Within the snapshot: a compaction removes the files afterwards.
    let files = match Opened::new(folder, &catalog) {
        Err(Error::Corrupt { .. }) => None,
        opened => Some(opened?),
    };
    let catalog = catalog.private_copy().unwrap_or(catalog);
    verify_open(folder, &catalog, files, &mut faults)?;
    Ok(faults.into_list())
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
