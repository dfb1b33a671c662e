//! The sources and texts of one snapshot.

use std::ops::ControlFlow;

use super::passages::{COLUMNS, Stored, TABLES, document, earlier_on_line, locate, stored};
use super::snapshot::PostgresSnapshot;
use super::sources::{sources, vectors_of};
use crate::corpus::{Document, LocatedPassage};
use crate::index::{Error, IndexContent, Settings, SourceRecord, StoredPath, TextHash};
use pgvector::Vector;

/// The number of passages that are fetched at a time.
const PORTION: i64 = 1024;

impl PostgresSnapshot {
    /// Passes the stored passages of visible sources, or of one, to `take`, by their ids, in portions.
    fn for_each_portion(
        &self,
        source: Option<&StoredPath>,
        take: &mut dyn FnMut(Vec<(Stored, Vec<f32>)>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let query = format!(
            "SELECT {COLUMNS}, passages.vector FROM {TABLES}
             WHERE sources.state = 'visible' AND passages.id > $1 AND ($2::text IS NULL OR sources.path = $2)
             ORDER BY passages.id LIMIT $3"
        );
        let (mut last, path) = (-1_i64, source.map(StoredPath::as_str));
        loop {
            let rows = self.connection().query(&query, &[&last, &path, &PORTION])?;
            let is_last = (rows.len() as i64) < PORTION;
            let mut portion = Vec::with_capacity(rows.len());
            for row in &rows {
                last = row.get(0);
                portion.push((stored(row, self.connection())?, row.get::<_, Vector>(13).to_vec()));
            }
            if take(portion).is_break() || is_last {
                return Ok(());
            }
        }
    }
}

impl IndexContent for PostgresSnapshot {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sources(&self) -> Result<Vec<SourceRecord>, Error> {
        sources(self.connection())
    }

    fn has_vector_of(&self, hash: TextHash) -> Result<bool, Error> {
        Ok(!vectors_of(self.connection(), &[hash])?.is_empty())
    }

    fn passage_count(&self) -> u64 {
        self.live.len()
    }

    fn for_each_passage(
        &self,
        show: &dyn Fn(&StoredPath) -> String,
        take: &mut dyn FnMut(&LocatedPassage, &[f32]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut outcome = Ok(());
        self.for_each_portion(None, &mut |portion| {
            let places = match earlier_on_line(self.connection(), portion.iter().map(|(stored, _)| stored)) {
                Ok(places) => places,
                Err(error) => {
                    outcome = Err(error);
                    return ControlFlow::Break(());
                }
            };
            portion.iter().try_for_each(|(stored, vector)| take(&locate(stored, &places, show), vector))
        })?;
        outcome
    }

    fn for_each_vector(&self, take: &mut dyn FnMut(&[f32]) -> ControlFlow<()>) -> Result<(), Error> {
        let query = "SELECT passages.id, vector FROM passages JOIN sources ON sources.id = source
                     WHERE state = 'visible' AND passages.id > $1 ORDER BY passages.id LIMIT $2";
        let mut last = -1_i64;
        loop {
            let rows = self.connection().query(query, &[&last, &PORTION])?;
            for row in &rows {
                last = row.get(0);
                if take(row.get::<_, Vector>(1).as_slice()).is_break() {
                    return Ok(());
                }
            }
            if (rows.len() as i64) < PORTION {
                return Ok(());
            }
        }
    }

    fn for_each_document(
        &self,
        source: Option<&StoredPath>,
        take: &mut dyn FnMut(&StoredPath, Document) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut open: Option<(i64, StoredPath, Document)> = None;
        let mut is_over = false;
        self.for_each_portion(source, &mut |portion| {
            for (stored, _) in portion {
                match &mut open {
                    Some((id, _, document)) if *id == stored.document => {
                        document.passages.push(stored.passage);
                    }
                    _ => {
                        let id = stored.document;
                        let (source, next) = document(stored);
                        if let Some((_, source, whole)) = open.replace((id, source, next))
                            && take(&source, whole).is_break()
                        {
                            is_over = true;
                            return ControlFlow::Break(());
                        }
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        if let (Some((_, source, whole)), false) = (open, is_over) {
            let _at_the_end = take(&source, whole);
        }
        Ok(())
    }
}
