//! The check of the catalog: its pages, its rows one by one, and that they agree.

use roaring::RoaringBitmap;

use super::fault::Faults;
use crate::corpus::contextual_text;
use crate::index::catalog::Catalog;
use crate::index::error::{Damage, Error};
use crate::index::generation::Generation;
use crate::index::record_checksums::{CHECKED_TABLES, DOCUMENTS, SOURCES, is_object};
use crate::index::records::TextHash;
use crate::index::schema::CHECKSUMS_SINCE;

/// Faults of pages that are listed at most.
const MAXIMUM_PAGE_FAULTS: u32 = 100;

/// Pages, tables and rows, each by itself.
pub(super) fn verify_tables(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    let checks = [verify_pages, verify_schema, verify_records, verify_json, verify_texts, verify_references];
    for check in checks {
        let outcome = check(catalog, faults);
        faults.note(outcome)?;
    }
    Ok(())
}

fn verify_pages(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    catalog.for_each(&format!("PRAGMA integrity_check({MAXIMUM_PAGE_FAULTS})"), [], |row| {
        let report: String = row.get(0)?;
        if report != "ok" {
            faults.add(catalog.path(), Damage::Catalog { report });
        }
        Ok(())
    })
}

fn verify_schema(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    if catalog.schema()? != Catalog::schema_of(catalog.version())? {
        faults.add(catalog.path(), Damage::Schema { version: catalog.version() });
    }
    Ok(())
}

fn verify_records(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    if !catalog.is_since(CHECKSUMS_SINCE) {
        return Ok(());
    }
    for table in CHECKED_TABLES {
        let query = format!("SELECT count(*) FROM {} WHERE NOT ({})", table.name, catalog.is_whole(table));
        let counted = catalog.one(&query, [], |row| row.get(0));
        if let Some(count) = faults.note(counted)?.filter(|count| *count > 0) {
            faults.add(catalog.path(), Damage::Records { table: table.name, count });
        }
    }
    Ok(())
}

/// Rules and metadata, which are objects in JSON.
fn verify_json(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    for (field, table) in [("rule", SOURCES), ("metadata", DOCUMENTS)] {
        let query = format!(
            "SELECT count(*) FROM {} WHERE {field} IS NOT NULL AND NOT {}",
            table.name,
            is_object(field)
        );
        if catalog.one(&query, [], |row| row.get::<_, u64>(0))? > 0 {
            faults.add(catalog.path(), Damage::Field { field });
        }
    }
    Ok(())
}

fn verify_texts(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    let context = catalog.columns_since(3, "context");
    let mut count = 0;
    catalog.for_each(&format!("SELECT {context}, text, text_hash FROM passages"), [], |row| {
        let context: Option<String> = row.get(0)?;
        let text = contextual_text(context.as_deref(), row.get_ref(1)?.as_str()?);
        count += u64::from(TextHash::of(&text).as_bytes() != row.get_ref(2)?.as_blob()?);
        Ok(())
    })?;
    if count > 0 {
        faults.add(catalog.path(), Damage::Texts { count });
    }
    Ok(())
}

fn verify_references(catalog: &Catalog, faults: &mut Faults) -> Result<(), Error> {
    let mut count = 0;
    catalog.for_each("PRAGMA foreign_key_check", [], |_| {
        count += 1;
        Ok(())
    })?;
    if count > 0 {
        faults.add(catalog.path(), Damage::References { count });
    }
    Ok(())
}

/// Passages against the rows of the generation, and sources against their passages.
pub(super) fn verify_links(
    catalog: &Catalog,
    generation: &Generation,
    faults: &mut Faults,
) -> Result<(), Error> {
    let outcome = verify_vectors(catalog, generation, faults);
    faults.note(outcome)?;
    let counts = "SELECT count(*) FROM sources WHERE state = 'visible' AND (
                      document_count <> (SELECT count(*) FROM documents WHERE documents.source = sources.id)
                      OR passage_count <> (SELECT count(*) FROM documents
                                           JOIN passages ON passages.document = documents.id
                                           WHERE documents.source = sources.id))";
    let wrong = faults.note(catalog.one(counts, [], |row| row.get(0)))?;
    if let Some(count) = wrong.filter(|count| *count > 0) {
        faults.add(catalog.path(), Damage::SourceCounts { count });
    }
    Ok(())
}

fn verify_vectors(catalog: &Catalog, generation: &Generation, faults: &mut Faults) -> Result<(), Error> {
    let (mut named, mut passages) = (RoaringBitmap::new(), 0u64);
    catalog.for_each("SELECT vector FROM passages NOT INDEXED", [], |row| {
        named.insert(row.get(0)?);
        passages += 1;
        Ok(())
    })?;
    if passages != named.len() || !named.is_subset(generation.vectors()) {
        faults.add(catalog.path(), Damage::Vectors { generation: generation.number() });
    }
    let visible = generation.rows_of(&catalog.visible_vectors()?);
    if visible != *generation.live() {
        let what = Damage::LiveRows { live: generation.live().len(), visible: visible.len() };
        faults.add(catalog.path(), what);
    }
    Ok(())
}
