//! Repair of the catalog, inside one transaction.

use std::collections::BTreeSet;

use crate::corpus::contextual_text;
use crate::index::catalog::Catalog;
use crate::index::error::{Damage, Error};
use crate::index::record_checksums::{DOCUMENTS, PASSAGES, SETTINGS, SOURCES, is_object};
use crate::index::records::{DocumentId, TextHash};
use crate::index::word_segments::SEGMENTS_DIGEST;
use crate::index::words::{NO_WORDS, WORDS};

impl Catalog {
    /// Indexes are made again from their tables; a table that cannot be read is beyond repair.
    pub(super) fn repair_pages(&self) -> Result<(), Error> {
        let report = || self.one("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        if report()? == "ok" {
            return Ok(());
        }
        self.batch("REINDEX")?;
        match report()? {
            report if report == "ok" => Ok(()),
            report => Err(Error::corrupt(self.path(), Damage::Catalog { report })),
        }
    }

    /// Deletes damaged settings if what is lost with them is only about the words, which are made again.
    pub(super) fn delete_damaged_settings_of_words(&self) -> Result<(), Error> {
        let whole = self.is_whole(SETTINGS);
        let lost = |name: &str| -> Result<bool, Error> {
            let query = format!("SELECT count(*) FROM settings WHERE name = ?1 AND {whole}");
            Ok(self.one(&query, [name], |row| row.get::<_, u64>(0))? == 0)
        };
        let damaged: u64 =
            self.one(&format!("SELECT count(*) FROM settings WHERE NOT ({whole})"), [], |row| row.get(0))?;
        let lost_of_words = u64::from(lost(WORDS)?) + u64::from(lost(SEGMENTS_DIGEST)?);
        if damaged > 0 && damaged == lost_of_words {
            self.execute(&format!("DELETE FROM settings WHERE NOT ({whole})"), [])?;
        }
        if lost(WORDS)? { self.set(WORDS, NO_WORDS) } else { Ok(()) }
    }

    /// Deletes documents, makes the next run read their sources again, and returns their names.
    pub(super) fn delete_documents(&self, documents: &BTreeSet<DocumentId>) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for document in documents {
            names.extend(self.name_of(*document)?);
            self.execute(
                "UPDATE sources SET size = NULL, content_hash = NULL
                 WHERE id = (SELECT source FROM documents WHERE id = ?1)",
                [document.0],
            )?;
            self.execute("DELETE FROM passages WHERE document = ?1", [document.0])?;
            self.execute("DELETE FROM documents WHERE id = ?1", [document.0])?;
        }
        Ok(names)
    }

    /// Deletes damaged sources, whose documents are deleted already, counts what the others have, and forgets the words.
    pub(super) fn repair_counts(&self) -> Result<(), Error> {
        let (whole, rule) = (self.is_whole(SOURCES), is_object("rule"));
        self.execute(&format!("DELETE FROM sources WHERE NOT ({whole}) OR NOT {rule}"), [])?;
        self.execute(
            "UPDATE sources
             SET document_count = (SELECT count(*) FROM documents WHERE documents.source = sources.id),
                 passage_count = (SELECT count(*) FROM documents JOIN passages ON passages.document = documents.id
                                  WHERE documents.source = sources.id)
             WHERE state = 'visible'",
            [],
        )?;
        self.forget_words()
    }

    /// Documents with a row that does not match its checksum, or a text that does not match its hash.
    pub(super) fn damaged_documents(&self) -> Result<BTreeSet<DocumentId>, Error> {
        let mut damaged = BTreeSet::new();
        let (passage, document, source) =
            (self.is_whole(PASSAGES), self.is_whole(DOCUMENTS), self.is_whole(SOURCES));
        let (metadata, rule) = (is_object("documents.metadata"), is_object("sources.rule"));
        let query = format!("SELECT document, {passage}, context, text, text_hash FROM passages NOT INDEXED");
        self.for_each(&query, [], |row| {
            let context: Option<String> = row.get(2).unwrap_or_default();
            let text = row.get_ref(3)?.as_str().unwrap_or_default();
            let hash = TextHash::of(&contextual_text(context.as_deref(), text));
            let is_whole = row.get(1)? && row.get_ref(4)?.as_blob().is_ok_and(|blob| blob == hash.as_bytes());
            if !is_whole {
                damaged.insert(DocumentId(row.get(0)?));
            }
            Ok(())
        })?;
        let query = format!(
            "SELECT documents.id FROM documents NOT INDEXED LEFT JOIN sources ON sources.id = documents.source
             WHERE NOT ({document}) OR (documents.metadata IS NOT NULL AND NOT {metadata})
                   OR sources.id IS NULL OR NOT ({source}) OR NOT {rule}
             UNION SELECT passages.document FROM passages LEFT JOIN documents ON documents.id = passages.document
             WHERE documents.id IS NULL"
        );
        self.for_each(&query, [], |row| {
            damaged.insert(DocumentId(row.get(0)?));
            Ok(())
        })?;
        Ok(damaged)
    }

    /// The source and the key of a document, as far as they are there.
    fn name_of(&self, document: DocumentId) -> Result<Option<String>, Error> {
        let query = "SELECT sources.path || ':' || documents.key
                     FROM documents JOIN sources ON sources.id = documents.source
                     WHERE documents.id = ?1 AND sources.state = 'visible'";
        self.find(query, [document.0], |row| row.get(0))
    }
}
