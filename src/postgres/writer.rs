//! The one writer of an index.

use std::collections::HashSet;

use postgres::types::ToSql;
use roaring::RoaringBitmap;

use super::batch::{Batch, storable};
use super::connection::{Connection, quoted};
use super::schema::{StoredSettings, TABLES, encoded, live, set};
use super::sources::{SOURCE_COLUMNS, source_record, sources, vectors_of};
use super::words;
use crate::corpus::Document;
use crate::index::{
    Compaction, Error, IndexWriter, NewSource, Settings, SourceId, SourceRecord, SourceVersion, StoredPath,
    TextHash, require_rows,
};
use crate::words::WordBuffer;

/// The schema that a rebuilt index gets, the schema that it is built in, and its generation.
type Replacement = (String, String, u64);

/// The right to change an index: its connection holds the lock.
#[derive(Debug)]
pub(super) struct PostgresWriter {
    connection: Connection,
    settings: Settings,
    replaces: Option<Replacement>,
    batch: Batch,
    words: WordBuffer,
    live: RoaringBitmap,
    next_document: i64,
    next_passage: u32,
    is_open: bool,
    /// Words of a source are stored in the transaction that makes it visible.
    finishes_a_source: bool,
    /// The live rows as the server has them.
    stored_live: RoaringBitmap,
}

impl Drop for PostgresWriter {
    /// Discards what was not committed, and lets another writer begin before the connection has ended.
    fn drop(&mut self) {
        let _ended_with_the_connection = self.connection.batch("ROLLBACK; SELECT pg_advisory_unlock_all()");
    }
}

impl PostgresWriter {
    pub(super) fn open(connection: Connection, replaces: Option<Replacement>) -> Result<Self, Error> {
        let stored = StoredSettings::read(&connection)?;
        let live = live(&connection)?;
        Ok(Self {
            settings: stored.settings()?,
            stored_live: live.clone(),
            live,
            next_document: stored.number("next_document")?,
            next_passage: stored.number("next_passage")?,
            connection,
            replaces,
            batch: Batch::default(),
            words: WordBuffer::default(),
            is_open: false,
            finishes_a_source: false,
        })
    }

    fn begin(&mut self) -> Result<(), Error> {
        if !self.is_open {
            self.connection.batch("BEGIN")?;
            self.is_open = true;
        }
        Ok(())
    }

    fn change(&mut self, statement: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.begin()?;
        self.batch.send(&self.connection)?;
        self.connection.execute(statement, parameters)
    }

    /// The rows of the passages of a source, or of a document.
    fn rows_of(&self, column: &str, id: i64) -> Result<RoaringBitmap, Error> {
        let rows = self.connection.query(&format!("SELECT id FROM passages WHERE {column} = $1"), &[&id])?;
        Ok(rows.iter().map(|row| u32::try_from(row.get::<_, i64>(0)).unwrap_or(u32::MAX)).collect())
    }

    /// Retires every source of a path except `successor`, and returns their number.
    fn retire(&mut self, path: &StoredPath, successor: i64) -> Result<u64, Error> {
        self.begin()?;
        self.batch.send(&self.connection)?;
        let query = "SELECT id FROM sources WHERE path = $1 AND state = 'visible' AND id <> $2";
        for row in self.connection.query(query, &[&path.as_str(), &successor])? {
            self.live -= self.rows_of("source", row.get(0))?;
        }
        self.connection.execute(
            "UPDATE sources SET state = 'retired' WHERE path = $1 AND state <> 'retired' AND id <> $2",
            &[&path.as_str(), &successor],
        )
    }

    fn require_pending(&self, source: SourceId) -> Result<StoredPath, Error> {
        let query = "SELECT path FROM sources WHERE id = $1 AND state = 'pending'";
        let row = self.connection.find(query, &[&source.0])?.ok_or(Error::NotPending)?;
        Ok(StoredPath::from_catalog(row.get(0)))
    }

    /// Deletes the content of retired sources.
    fn delete_retired(&mut self) -> Result<(), Error> {
        self.begin()?;
        self.connection.batch(
            "DELETE FROM passages WHERE source IN (SELECT id FROM sources WHERE state = 'retired');
             DELETE FROM documents WHERE source IN (SELECT id FROM sources WHERE state = 'retired');
             DELETE FROM sources WHERE state = 'retired'",
        )
    }

    /// Puts the tables of the rebuilt index in the place of the others.
    fn replace(&mut self) -> Result<(), Error> {
        let Some((schema, rebuilt, generation)) = self.replaces.take() else { return Ok(()) };
        set(&self.connection, "generation", &generation.to_string())?;
        let (schema, rebuilt) = (quoted(&schema), quoted(&rebuilt));
        let dropped = TABLES.map(|table| format!("{schema}.{table}")).join(", ");
        let moved =
            TABLES.map(|table| format!("ALTER TABLE {rebuilt}.{table} SET SCHEMA {schema};")).concat();
        self.connection.batch(&format!(
            "DROP TABLE {dropped}; {moved} DROP SCHEMA {rebuilt}; SET search_path TO {schema}, public"
        ))
    }
}

impl IndexWriter for PostgresWriter {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sources(&self) -> Result<Vec<SourceRecord>, Error> {
        sources(&self.connection)
    }

    fn source(&self, path: &StoredPath) -> Result<Option<SourceRecord>, Error> {
        let query = format!("SELECT {SOURCE_COLUMNS} FROM sources WHERE state = 'visible' AND path = $1");
        let row = self.connection.find(&query, &[&path.as_str()])?;
        row.map(|row| source_record(&row, &self.connection)).transpose()
    }

    fn begin_source(&mut self, source: &NewSource) -> Result<SourceId, Error> {
        self.begin()?;
        let NewSource { path, rule, version } = source;
        let row = self.connection.one(
            "INSERT INTO sources (path, state, rule) VALUES ($1, 'pending', $2) RETURNING id",
            &[&path.as_str(), &rule.to_string()],
        )?;
        let id = SourceId(row.get(0));
        self.set_version(id, version)?;
        Ok(id)
    }

    fn add_document(
        &mut self,
        source: SourceId,
        document: &Document,
        hashes: &[TextHash],
        vectors: &[f32],
    ) -> Result<(), Error> {
        let passages = &document.passages;
        let width = self.settings.dimension().get();
        require_rows(document, hashes, vectors, self.settings.dimension());
        let count = u32::try_from(passages.len()).ok();
        let next = count.and_then(|count| self.next_passage.checked_add(count));
        let next = next.ok_or_else(|| Error::TooManyVectors { path: self.connection.place().to_owned() })?;
        self.begin()?;
        self.batch.add_document(source, self.next_document, document);
        let rows = self.next_passage..next;
        let texts = passages.iter().zip(hashes).zip(vectors.chunks_exact(width));
        for (ordinal, (row, ((passage, hash), vector))) in rows.zip(texts).enumerate() {
            self.batch.add_passage(row, ordinal, passage, *hash, vector);
            self.words.push(row, &storable(&passage.contextual_text()));
        }
        self.next_document += 1;
        self.next_passage = next;
        if self.batch.is_full() { self.batch.send(&self.connection) } else { Ok(()) }
    }

    fn finish_source(&mut self, source: SourceId) -> Result<(), Error> {
        self.begin()?;
        self.batch.send(&self.connection)?;
        let path = self.require_pending(source)?;
        self.retire(&path, source.0)?;
        self.live |= self.rows_of("source", source.0)?;
        self.finishes_a_source = true;
        self.connection.execute(
            "UPDATE sources SET state = 'visible',
                 document_count = (SELECT count(*) FROM documents WHERE source = $1),
                 passage_count = (SELECT count(*) FROM passages WHERE source = $1)
             WHERE id = $1",
            &[&source.0],
        )?;
        Ok(())
    }

    fn set_version(&mut self, source: SourceId, version: &SourceVersion) -> Result<(), Error> {
        let hash = version.content.map(|hash| hash.0.to_vec());
        self.change(
            "UPDATE sources SET size = $2, modified_ns = $3, content_hash = $4, changed_ns = $5, inode = $6
             WHERE id = $1",
            &[
                &source.0,
                &version.size.map(u64::cast_signed),
                &version.modified_ns,
                &hash,
                &version.changed_ns,
                &version.inode.map(u64::cast_signed),
            ],
        )?;
        Ok(())
    }

    fn discard_source(&mut self, source: SourceId) -> Result<(), Error> {
        self.require_pending(source)?;
        self.change("UPDATE sources SET state = 'retired' WHERE id = $1", &[&source.0]).map(drop)
    }

    fn remove_source(&mut self, path: &StoredPath) -> Result<(), Error> {
        match self.retire(path, -1)? {
            0 => Err(Error::UnknownSource { path: path.clone() }),
            _ => Ok(()),
        }
    }

    fn remove_documents(&mut self, path: &StoredPath, keys: &[&str]) -> Result<usize, Error> {
        let source = self.source(path)?.ok_or_else(|| Error::UnknownSource { path: path.clone() })?.id;
        self.begin()?;
        let query = "SELECT id FROM documents WHERE source = $1 AND key = ANY ($2)";
        let documents: Vec<i64> =
            self.connection.query(query, &[&source.0, &keys])?.iter().map(|row| row.get(0)).collect();
        for &document in &documents {
            self.live -= self.rows_of("document", document)?;
        }
        let passages =
            self.connection.execute("DELETE FROM passages WHERE document = ANY ($1)", &[&documents])?;
        self.connection.execute("DELETE FROM documents WHERE id = ANY ($1)", &[&documents])?;
        self.connection.execute(
            "UPDATE sources SET document_count = document_count - $2, passage_count = passage_count - $3
             WHERE id = $1",
            &[&source.0, &(documents.len() as i64), &passages.cast_signed()],
        )?;
        Ok(documents.len())
    }

    fn find_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, Error> {
        let waiting: Vec<Option<Vec<f32>>> = hashes.iter().map(|hash| self.batch.vector(*hash)).collect();
        let unknown = hashes.iter().zip(&waiting).filter(|(_, found)| found.is_none()).map(|(hash, _)| *hash);
        let unknown: HashSet<TextHash> = unknown.collect();
        let stored = vectors_of(&self.connection, &unknown.into_iter().collect::<Vec<_>>())?;
        let find = |(hash, waiting): (&TextHash, Option<Vec<f32>>)| {
            waiting.or_else(|| stored.get(hash.as_bytes().as_slice()).cloned())
        };
        Ok(hashes.iter().zip(waiting).map(find).collect())
    }

    fn commit(&mut self) -> Result<(), Error> {
        if !self.is_open {
            return Ok(());
        }
        self.batch.send(&self.connection)?;
        if self.finishes_a_source || self.words.is_full() {
            words::store(&self.words, &self.connection)?;
        }
        if self.live != self.stored_live {
            self.connection.execute("UPDATE live SET passages = $1", &[&encoded(&self.live)])?;
        }
        set(&self.connection, "next_document", &self.next_document.to_string())?;
        set(&self.connection, "next_passage", &self.next_passage.to_string())?;
        self.connection.batch("COMMIT")?;
        self.stored_live.clone_from(&self.live);
        self.is_open = false;
        if self.finishes_a_source || self.words.is_full() {
            self.words = WordBuffer::default();
        }
        self.finishes_a_source = false;
        Ok(())
    }

    fn compact(&mut self) -> Result<Compaction, Error> {
        let count = |connection: &Connection| -> Result<i64, Error> {
            Ok(connection.one("SELECT count(*) FROM passages", &[])?.get(0))
        };
        let before = count(&self.connection)?;
        self.change("UPDATE sources SET state = 'retired' WHERE state = 'pending'", &[])?;
        self.delete_retired()?;
        words::purge(&self.connection, &self.live)?;
        let generation: u64 = StoredSettings::read(&self.connection)?.number("generation")?;
        set(&self.connection, "generation", &(generation + 1).to_string())?;
        self.commit()?;
        // Outside of a transaction.
        self.connection.batch("VACUUM passages")?;
        let after = count(&self.connection)?;
        Ok(Compaction { rows: before.cast_unsigned(), dropped: (before - after).cast_unsigned() })
    }

    fn close(mut self: Box<Self>) -> Result<(), Error> {
        self.commit()?;
        self.delete_retired()?;
        self.replace()?;
        self.commit()
    }
}
