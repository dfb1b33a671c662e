//! Adding, replacing, removing and finding content.

use std::collections::HashMap;

use super::error::{Damage, Error};
use super::interface::{Compaction, IndexWriter, require_rows};
use super::path::StoredPath;
use super::records::{DocumentId, NewSource, SourceId, SourceRecord, SourceVersion, TextHash};
use super::settings::Settings;
use super::writer::{Words, Writer};
use crate::corpus::{Document, Passage};
use crate::scan::checksums::row_checksum;
use crate::words::WordBuffer;

impl IndexWriter for Writer {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sources(&self) -> Result<Vec<SourceRecord>, Error> {
        self.catalog.visible_sources()
    }

    fn source(&self, path: &StoredPath) -> Result<Option<SourceRecord>, Error> {
        self.catalog.visible_record(path)
    }

    fn begin_source(&mut self, source: &NewSource) -> Result<SourceId, Error> {
        let NewSource { path, rule, version } = source;
        self.change(|writer| {
            writer.catalog.execute(
                "INSERT INTO sources
                     (path, state, rule, size, modified_ns, content_hash, changed_ns, inode, checksum)
                 VALUES (?1, 'pending', ?2, ?3, ?4, ?5, ?6, ?7, row_checksum(?1, ?2))",
                (
                    path.as_str(),
                    rule.to_string(),
                    version.size,
                    version.modified_ns,
                    version.content.map(|hash| hash.0),
                    version.changed_ns,
                    version.inode.map(u64::cast_signed),
                ),
            )?;
            Ok(SourceId(writer.catalog.last_id()))
        })
    }

    fn add_document(
        &mut self,
        source: SourceId,
        document: &Document,
        hashes: &[TextHash],
        vectors: &[f32],
    ) -> Result<(), Error> {
        let passages = &document.passages;
        require_rows(document, hashes, vectors, self.settings.dimension());
        self.change(|writer| {
            let numbers = writer.generation.next_numbers(passages.len());
            let numbers =
                numbers.ok_or_else(|| Error::TooManyVectors { path: writer.folder.path().to_path_buf() })?;
            let id = writer.insert_document(source, document)?;
            let first_row = writer.generation.rows();
            writer.generation.append(numbers.clone());
            writer.batch().add_rows(vectors);
            writer.matrix.write(first_row, vectors)?;
            for (ordinal, ((passage, hash), number)) in (0..).zip(passages.iter().zip(hashes).zip(numbers)) {
                writer.insert_passage(id, ordinal, passage, *hash, number)?;
                writer.words.push(number, &passage.contextual_text());
                writer.batch().add_passages(1, passage.text.len());
            }
            Ok(())
        })
    }

    fn finish_source(&mut self, source: SourceId) -> Result<(), Error> {
        self.change(|writer| {
            let path = writer.pending_path(source)?;
            writer.batch().finishes_a_source = true;
            writer.retire(&path, Some(source))?;
            let vectors = writer.catalog.vectors_of(source)?;
            let rows = writer.generation.rows_of(&vectors);
            writer.generation.revive(&rows);
            writer.catalog.execute(
                "UPDATE sources
                 SET state = 'visible', passage_count = ?2,
                     document_count = (SELECT count(*) FROM documents WHERE source = ?1)
                 WHERE id = ?1",
                (source.0, vectors.len()),
            )?;
            Ok(())
        })
    }

    fn set_version(&mut self, source: SourceId, version: &SourceVersion) -> Result<(), Error> {
        self.change(|writer| {
            writer.catalog.execute(
                "UPDATE sources
                 SET size = ?2, modified_ns = ?3, content_hash = ?4, changed_ns = ?5, inode = ?6 WHERE id = ?1",
                (
                    source.0,
                    version.size,
                    version.modified_ns,
                    version.content.map(|hash| hash.0),
                    version.changed_ns,
                    version.inode.map(u64::cast_signed),
                ),
            )?;
            Ok(())
        })
    }

    fn discard_source(&mut self, source: SourceId) -> Result<(), Error> {
        self.change(|writer| {
            writer.pending_path(source)?;
            writer.catalog.execute("UPDATE sources SET state = 'retired' WHERE id = ?1", [source.0])?;
            Ok(())
        })
    }

    fn remove_source(&mut self, path: &StoredPath) -> Result<(), Error> {
        self.change(|writer| match writer.retire(path, None)? {
            0 => Err(Error::UnknownSource { path: path.clone() }),
            _ => Ok(()),
        })
    }

    fn remove_documents(&mut self, path: &StoredPath, keys: &[&str]) -> Result<usize, Error> {
        self.change(|writer| {
            let source = writer.catalog.visible_source(path)?;
            let source = source.ok_or_else(|| Error::UnknownSource { path: path.clone() })?;
            let (mut documents, mut passages) = (0, 0);
            for key in keys {
                let query = "SELECT id FROM documents WHERE source = ?1 AND key = ?2";
                let found = writer.catalog.find(query, (source.0, key), |row| row.get(0).map(DocumentId))?;
                if let Some(document) = found {
                    writer.bury_document(document)?;
                    passages += writer.delete_document(document)?;
                    documents += 1;
                }
            }
            writer.catalog.execute(
                "UPDATE sources
                 SET document_count = document_count - ?2, passage_count = passage_count - ?3 WHERE id = ?1",
                (source.0, documents, passages),
            )?;
            Ok(documents)
        })
    }

    fn find_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, Error> {
        self.refresh()?;
        let mut found: HashMap<TextHash, Option<Vec<f32>>> = HashMap::new();
        for hash in hashes {
            if !found.contains_key(hash) {
                found.insert(*hash, self.find_vector(hash)?);
            }
        }
        Ok(hashes.iter().map(|hash| found[hash].clone()).collect())
    }

    fn commit(&mut self) -> Result<(), Error> {
        match self.try_commit() {
            Ok(Words::Written) => {
                self.batch = None;
                self.words = WordBuffer::default();
            }
            Ok(Words::Waiting) => self.batch = None,
            Err(error @ Error::Busy { .. }) => return Err(error),
            Err(error) => {
                self.roll_back();
                return Err(error);
            }
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<Compaction, Error> {
        let before = self.rows();
        self.discard_abandoned()?;
        self.copy_live_rows()?;
        Ok(Compaction { rows: before.into(), dropped: (before - self.rows()).into() })
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        (*self).close()
    }
}

impl Writer {
    fn insert_document(&self, source: SourceId, document: &Document) -> Result<DocumentId, Error> {
        let Document { key, line, metadata, .. } = document;
        let metadata = metadata.as_ref().map(|fields| {
            serde_json::to_string(fields).expect("a map of JSON values with names for keys is JSON")
        });
        let inserted = self.catalog.execute(
            "INSERT INTO documents (source, key, line, metadata, checksum)
             SELECT id, ?2, ?3, ?4, row_checksum(id, ?2, ?3, ?4) FROM sources
             WHERE id = ?1 AND state = 'pending'",
            (source.0, key, line, metadata),
        );
        match inserted {
            Ok(0) => Err(Error::NotPending),
            Ok(_) => Ok(DocumentId(self.catalog.last_id())),
            Err(Error::Sql { source, .. }) if is_duplicate(&source) => {
                Err(Error::DuplicateDocument { key: key.clone() })
            }
            Err(error) => Err(error),
        }
    }

    fn insert_passage(
        &self,
        document: DocumentId,
        ordinal: u32,
        passage: &Passage,
        hash: TextHash,
        number: u32,
    ) -> Result<(), Error> {
        let (line, end_line) = passage.lines.unzip();
        let (start_byte, end_byte) = passage.bytes.unzip();
        self.catalog.execute(
            "INSERT INTO passages
                 (document, ordinal, vector, line, end_line, start_byte, end_byte, text_hash, text, context, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                     row_checksum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10))",
            (
                document.0,
                ordinal,
                number,
                line,
                end_line,
                start_byte,
                end_byte,
                hash.as_bytes(),
                &passage.text,
                &passage.context,
            ),
        )?;
        Ok(())
    }

    /// Discards every source that earlier writers began and did not finish, and returns their number. Until then
    /// [`IndexWriter::find_vectors`] finds their vectors.
    ///
    /// # Errors
    ///
    /// Those of a change (see [`Writer`]).
    pub fn discard_abandoned(&mut self) -> Result<usize, Error> {
        self.change(|writer| {
            writer.catalog.execute(
                "UPDATE sources SET state = 'retired' WHERE state = 'pending' AND id <= ?1",
                [writer.last_abandoned.0],
            )
        })
    }

    fn find_vector(&mut self, hash: &TextHash) -> Result<Option<Vec<f32>>, Error> {
        let Some(number) = self.catalog.vector_with_hash(hash.as_bytes())? else { return Ok(None) };
        let row = self.generation.row_of(number).ok_or_else(|| {
            Error::corrupt(self.catalog.path(), Damage::Field { field: "vector number of a passage" })
        })?;
        let mut vector = vec![0.0; self.settings.dimension().get()];
        self.matrix.read(row.0, &mut vector)?;
        // A damaged row is embedded again.
        Ok((row_checksum(&vector) == self.matrix.checksum(row.0)?).then_some(vector))
    }

    /// Deletes the content of retired sources, in steps that fit a batch. It can be interrupted anywhere.
    pub(super) fn delete_retired(&mut self) -> Result<(), Error> {
        let query = "SELECT id FROM sources WHERE state = 'retired' LIMIT 1";
        while let Some(source) = self.catalog.find(query, [], |row| row.get(0).map(SourceId))? {
            self.change(|writer| writer.delete_some_of(source))?;
        }
        Ok(())
    }

    /// Deletes a few documents of a retired source, or the source with its last ones.
    fn delete_some_of(&mut self, source: SourceId) -> Result<(), Error> {
        const DOCUMENTS: usize = 256;
        let mut documents = Vec::with_capacity(DOCUMENTS);
        let query = "SELECT id FROM documents WHERE source = ?1 LIMIT ?2";
        self.catalog.for_each(query, (source.0, DOCUMENTS), |row| {
            documents.push(DocumentId(row.get(0)?));
            Ok(())
        })?;
        for &document in &documents {
            let passages = self.delete_document(document)?;
            self.batch().add_passages(1 + passages, 0);
        }
        if documents.len() < DOCUMENTS {
            self.catalog.execute("DELETE FROM sources WHERE id = ?1", [source.0])?;
        }
        Ok(())
    }

    /// The path of an open source.
    fn pending_path(&self, source: SourceId) -> Result<StoredPath, Error> {
        let query = "SELECT path FROM sources WHERE id = ?1 AND state = 'pending'";
        let path = self.catalog.find(query, [source.0], |row| row.get(0).map(StoredPath::from_catalog))?;
        path.ok_or(Error::NotPending)
    }

    /// Retires every source of a path except `successor`, and returns their number.
    fn retire(&mut self, path: &StoredPath, successor: Option<SourceId>) -> Result<usize, Error> {
        if let Some(visible) = self.catalog.visible_source(path)? {
            let rows = self.generation.rows_of(&self.catalog.vectors_of(visible)?);
            self.generation.bury(&rows);
        }
        self.catalog.execute(
            "UPDATE sources SET state = 'retired' WHERE path = ?1 AND state <> 'retired' AND id IS NOT ?2",
            (path.as_str(), successor.map(|source| source.0)),
        )
    }

    /// Removes the rows of a document from the live rows.
    fn bury_document(&mut self, document: DocumentId) -> Result<(), Error> {
        let vectors = self.catalog.vectors_of_document(document)?;
        let rows = self.generation.rows_of(&vectors);
        self.generation.bury(&rows);
        Ok(())
    }

    /// Deletes a document and returns the number of its passages.
    fn delete_document(&self, document: DocumentId) -> Result<usize, Error> {
        let passages = self.catalog.execute("DELETE FROM passages WHERE document = ?1", [document.0])?;
        self.catalog.execute("DELETE FROM documents WHERE id = ?1", [document.0])?;
        Ok(passages)
    }
}

fn is_duplicate(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|failure| failure.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
}
