//! Repair of a damaged index: what can be made again is made again, what cannot is given up and named. It is one
//! transaction: an interrupted repair changes nothing.
//!
//! | damage | repair |
//! | --- | --- |
//! | the order of pages of an index of the catalog | `REINDEX` |
//! | a row of a source, document or passage, or a text | the document is deleted, and the next run reads its source again |
//! | words | made again from the texts |
//! | vectors | embedded again from the texts; all others are copied bit for bit |
//! | codes and checksums | made again from the vectors |
//! | live rows and counts | counted again |
//!
//! Settings, the record of the generation and tables that `SQLite` cannot read have no second copy: such an index is made
//! again from its sources.

mod catalog;
mod rows;

use std::path::Path;

use self::rows::OldRows;
use super::catalog::{Access, Catalog};
use super::error::Error;
use super::folder::{Folder, WriterLock};
use super::generation::Generation;
use super::verify::{Fault, verify};
use super::words::{NO_WORDS, WORDS};
use super::writer::Writer;
use crate::vectors::UnitVectors;

/// What was done to an index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repair {
    /// What was wrong before.
    pub faults: Vec<Fault>,
    /// Vectors that were embedded again.
    pub embedded: u64,
    /// Documents that were given up, as `source:key`; some sources may not be known.
    pub lost: Vec<String>,
    /// What is still wrong.
    pub left: Vec<Fault>,
}

impl Writer {
    /// Repairs the index folder at `path`. `embed` embeds texts, one row for each.
    ///
    /// # Errors
    ///
    /// What `embed` returns; [`Error::Corrupt`] for damage beyond repair; and those of [`Writer::open`].
    pub fn repair<E: From<Error>>(
        path: &Path,
        embed: &mut dyn FnMut(&[String]) -> Result<UnitVectors, E>,
    ) -> Result<Repair, E> {
        let folder = Folder::new(path);
        folder.check()?;
        let lock = WriterLock::acquire(&folder)?;
        let mut repair = Repair { faults: verify(path)?, ..Repair::default() };
        if repair.faults.is_empty() {
            return Ok(repair);
        }
        folder.check_catalog_files()?;
        let mut catalog = Catalog::open(folder.catalog(), Access::Write)?;
        catalog.repair_pages()?;
        // Changed pages stay in memory: a cache that spills would lock readers out while vectors are embedded.
        catalog.batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")?;
        match repair_within_transaction(&folder, &mut catalog, embed) {
            Ok((lost, embedded)) => (repair.lost, repair.embedded) = (lost, embedded),
            Err(error) => {
                // Closing the connection ends the transaction, too.
                let _closed_below = catalog.batch("ROLLBACK");
                return Err(error);
            }
        }
        drop(catalog);
        let writer = Self::open_locked(folder, lock)?;
        writer.close()?;
        repair.left = verify(path)?;
        Ok(repair)
    }
}

/// Repairs records and rows, and commits. Returns the documents that were lost and the number of vectors that were embedded.
fn repair_within_transaction<E: From<Error>>(
    folder: &Folder,
    catalog: &mut Catalog,
    embed: &mut dyn FnMut(&[String]) -> Result<UnitVectors, E>,
) -> Result<(Vec<String>, u64), E> {
    catalog.migrate_within_transaction()?;
    catalog.delete_damaged_settings_of_words()?;
    let damaged = catalog.damaged_documents()?;
    let mut lost = catalog.delete_documents(&damaged)?;
    let (settings, generation) = (catalog.settings()?, Generation::load(catalog)?);
    let header = catalog.header(&settings, generation.number())?;
    let old = OldRows::open(folder, catalog, &generation, header)?;
    let without_text = old.damaged_without_text(&generation)?;
    lost.extend(catalog.delete_documents(&without_text)?);
    catalog.repair_counts()?;
    let embedded = old.copied(folder, &generation, embed)?;
    Ok((lost, embedded))
}

impl Catalog {
    /// Makes the next writer make the words again.
    fn forget_words(&self) -> Result<(), Error> {
        self.delete_words()?;
        self.set(WORDS, NO_WORDS)?;
        self.record_segments()
    }
}
