//! One moment of an index: searches.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use pgvector::Vector;
use postgres::types::ToSql;
use roaring::RoaringBitmap;

use super::connection::{Connection, Idle};
use super::filters::Condition;
use super::nearest::Nearest;
use super::passages::located;
use super::schema::{StoredSettings, live};
use super::sources::sources;
use super::words::PostgresWords;
use crate::corpus::{LocatedPassage, contextual_text};
use crate::embedding::ModelDescription;
use crate::filter::{Filter, Filters, Subject};
use crate::index::{Counts, Error, IndexContent, IndexId, Settings, SourceRecord, StoredPath};
use crate::scan::Rows;
use crate::search::{
    Hit, IndexSnapshot, IndexStatistics, Matches, RankedRow, Ranking, SearchError, SearchOptions,
    SearchQuery, Searchable, Selection, SourceNames, best_rows, prepare, within,
};
use crate::vectors::{RowId, UnitVectors};
use crate::words::{ANALYSIS_VERSION, definition_of};

/// An index in one transaction that reads.
pub(super) struct PostgresSnapshot {
    /// Taken when the snapshot is dropped.
    connection: Option<Connection>,
    idle: Idle,
    names: SourceNames,
    pub(super) settings: Settings,
    id: IndexId,
    pub(super) generation: u64,
    rows: u32,
    words: u32,
    pub(super) live: RoaringBitmap,
    /// Vectors that searches fetched.
    vectors: RefCell<HashMap<u32, Vec<f32>>>,
    all: OnceCell<UnitVectors>,
}

impl Drop for PostgresSnapshot {
    /// Keeps the connection for another snapshot.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.batch("ROLLBACK").is_ok()
        {
            self.idle.keep(connection);
        }
    }
}

impl PostgresSnapshot {
    /// Begins a snapshot of an index that exists.
    pub(super) fn begin(connection: Connection, idle: Idle, names: SourceNames) -> Result<Self, Error> {
        connection.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let stored = StoredSettings::read(&connection)?;
        Ok(Self {
            settings: stored.settings()?,
            id: stored.id()?,
            generation: stored.number("generation")?,
            rows: stored.number("next_passage")?,
            words: stored.number("words")?,
            live: live(&connection)?,
            connection: Some(connection),
            idle,
            names,
            vectors: RefCell::default(),
            all: OnceCell::new(),
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("it is taken at the end")
    }

    /// The rows that a query with these parameters selects.
    pub(super) fn rows_of(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<RoaringBitmap, Error> {
        let rows = self.connection().query(query, parameters)?;
        Ok(rows.iter().map(|row| u32::try_from(row.get::<_, i64>(0)).unwrap_or(u32::MAX)).collect())
    }

    /// The ids of the visible sources for which `is_selected` holds.
    fn sources_where(&self, is_selected: &dyn Fn(&SourceRecord) -> bool) -> Result<Vec<i64>, Error> {
        let sources = sources(self.connection())?;
        Ok(sources.iter().filter(|source| is_selected(source)).map(|source| source.id.0).collect())
    }

    /// The live rows of documents that match all of `filters`, in sources for which `is_selected` holds.
    fn rows_where(
        &self,
        filters: &Filters,
        is_selected: &dyn Fn(&str) -> bool,
    ) -> Result<RoaringBitmap, Error> {
        let (of_source, of_document) = filters.split_by_source();
        let ids = self.sources_where(&|source| {
            let name = self.names.shown(&source.path);
            is_selected(&name) && of_source.matches(Subject { source: &name, id: "", metadata: None })
        })?;
        let condition = Condition::of(&of_document, 1);
        let query = format!(
            "SELECT passages.id FROM passages JOIN documents ON documents.id = passages.document
             WHERE passages.source = ANY ($1) AND {}",
            condition.text
        );
        let parameters: Vec<&(dyn ToSql + Sync)> =
            std::iter::once(&ids as &(dyn ToSql + Sync)).chain(condition.parameters()).collect();
        self.rows_of(&query, &parameters)
    }

    /// The rows that can be hits; `None` where all live rows can.
    fn allowed(&self, selection: &Selection<'_>) -> Result<Option<RoaringBitmap>, Error> {
        let Selection { filters, sources, excluded } = *selection;
        if filters.is_empty() && sources.is_none() && excluded.is_empty() {
            return Ok(None);
        }
        let is_selected = |source: &str| sources.is_none_or(|globs| globs.select(source));
        let mut allowed = self.rows_where(filters, &is_selected)?;
        for id in excluded {
            let rows: Vec<i64> = self.rows_of_id(id)?.iter().map(|row| row.0.into()).collect();
            allowed -= self.rows_of(
                "SELECT id FROM passages WHERE document IN (SELECT document FROM passages WHERE id = ANY ($1))",
                &[&rows],
            )?;
        }
        Ok(Some(allowed))
    }

    /// The live rows that `id` names, as of a folder.
    fn rows_of_id(&self, id: &str) -> Result<Vec<RowId>, Error> {
        for (colon, _) in id.match_indices(':') {
            for source in self.names.stored_candidates(Path::new(&id[..colon]))? {
                let rows = self.rows_of_key(&source, &id[colon + 1..])?;
                if !rows.is_empty() {
                    return Ok(rows);
                }
            }
        }
        for source in self.names.stored_candidates(Path::new(id))? {
            let only = "SELECT key FROM documents JOIN sources ON sources.id = source
                        WHERE path = $1 AND state = 'visible' LIMIT 2";
            if let [row] = self.connection().query(only, &[&source.as_str()])?.as_slice() {
                return self.rows_of_document(&source, row.get(0));
            }
        }
        Ok(Vec::new())
    }

    fn rows_of_document(&self, source: &StoredPath, key: &str) -> Result<Vec<RowId>, Error> {
        let query = "SELECT passages.id FROM passages JOIN documents ON documents.id = document
                     JOIN sources ON sources.id = documents.source
                     WHERE path = $1 AND state = 'visible' AND key = $2 ORDER BY ordinal";
        let rows = self.connection().query(query, &[&source.as_str(), &key])?;
        Ok(rows.iter().map(|row| RowId(u32::try_from(row.get::<_, i64>(0)).unwrap_or(u32::MAX))).collect())
    }

    /// The rows of what `key` names in one source: all of a document, or a single further passage by its own key.
    fn rows_of_key(&self, source: &StoredPath, key: &str) -> Result<Vec<RowId>, Error> {
        let document = self.rows_of_document(source, key)?;
        if !document.is_empty() {
            return Ok(document);
        }
        let candidates = match key.rsplit_once('#') {
            Some((document, _)) => self.rows_of_document(source, document)?,
            None => Vec::new(),
        };
        let on_line = key.split_once('#').unwrap_or((key, "1")).0.parse::<i64>();
        let others = match on_line {
            Ok(line) => self.rows_of(
                "SELECT passages.id FROM passages JOIN sources ON sources.id = source
                 WHERE path = $1 AND state = 'visible' AND line = $2 AND ordinal > 0",
                &[&source.as_str(), &line],
            )?,
            Err(_) => RoaringBitmap::new(),
        };
        let candidates: Vec<RowId> = candidates.into_iter().chain(others.into_iter().map(RowId)).collect();
        let located = self.located(&candidates)?;
        let found = candidates.iter().zip(located).find(|(_, passage)| passage.key == key);
        Ok(found.map(|(row, _)| *row).into_iter().collect())
    }

    fn located(&self, rows: &[RowId]) -> Result<Vec<LocatedPassage>, Error> {
        located(self.connection(), rows, &|source| self.names.shown(source))
    }

    /// The vectors of `rows`, in that order.
    fn vectors_of(&self, rows: &[RowId]) -> Result<UnitVectors, Error> {
        let ids: Vec<i64> = rows.iter().map(|row| row.0.into()).collect();
        let query = "SELECT id, vector FROM passages WHERE id = ANY ($1)";
        let found: HashMap<i64, Vector> =
            self.connection().query(query, &[&ids])?.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut vectors = UnitVectors::new(self.settings.dimension());
        for (row, id) in rows.iter().zip(&ids) {
            let vector = found.get(id).ok_or(Error::DeadRow { row: *row })?;
            vectors.push_unit(vector.as_slice());
        }
        Ok(vectors)
    }

    fn hits(&self, best: &[RankedRow]) -> Result<Vec<Hit>, Error> {
        let rows: Vec<RowId> = best.iter().map(|ranked| ranked.scored.row).collect();
        Ok(best.iter().zip(self.located(&rows)?).map(|(ranked, passage)| Hit::new(ranked, passage)).collect())
    }

    fn contextual_text(&self, row: u32) -> Result<String, Error> {
        let query = "SELECT context, text FROM passages WHERE id = $1";
        let found =
            self.connection().find(query, &[&i64::from(row)])?.ok_or(Error::DeadRow { row: RowId(row) })?;
        Ok(contextual_text(found.get(0), found.get(1)).into_owned())
    }

    /// The words, with the postings of all terms of `queries`; `None` if no query has words.
    fn words_of(&self, queries: &[SearchQuery<'_>]) -> Result<Option<PostgresWords<'_>>, Error> {
        let asked: Vec<_> = queries.iter().filter_map(|query| query.words).collect();
        if asked.is_empty() || self.words != ANALYSIS_VERSION {
            return Ok(None);
        }
        let definitions: Vec<String> =
            asked.iter().flat_map(|words| &words.names).map(|name| definition_of(name)).collect();
        let terms = asked.iter().flat_map(|words| &words.terms).chain(&definitions).map(String::as_str);
        let terms: Vec<&str> = terms.collect();
        PostgresWords::read(self.connection(), &self.live, self.rows as usize, &terms).map(Some)
    }
}

impl Searchable for PostgresSnapshot {
    fn model(&self) -> &ModelDescription {
        &self.settings.model
    }

    fn search(
        &self,
        queries: &[SearchQuery<'_>],
        options: SearchOptions,
        selection: &Selection<'_>,
    ) -> Result<Vec<Vec<Hit>>, SearchError> {
        let restricted = self.allowed(selection)?;
        let allowed = restricted.as_ref().unwrap_or(&self.live);
        let words = self.words_of(queries)?;
        let prepared = prepare(queries, words.as_ref(), || allowed.clone(), |row| self.contextual_text(row))?;
        let nearest = Nearest {
            connection: self.connection(),
            dimension: self.settings.dimension(),
            live: &self.live,
            vectors: &self.vectors,
        };
        let ranking = Ranking { nearest, allowed: Some(allowed), words: words.as_ref() };
        let find = |count| ranking.best(&prepared, count, options.limits());
        let document_of = |row: RowId| {
            let found = self
                .connection()
                .find("SELECT document FROM passages WHERE id = $1", &[&i64::from(row.0)])?;
            Ok::<i64, Error>(found.ok_or(Error::DeadRow { row })?.get(0))
        };
        let best = best_rows(options, find, document_of)?;
        Ok(best.iter().map(|best| self.hits(best)).collect::<Result<_, _>>()?)
    }

    fn text_count(&self) -> u64 {
        self.live.len()
    }

    fn has_words(&self) -> Result<bool, SearchError> {
        Ok(self.words == ANALYSIS_VERSION)
    }

    fn has_field(&self, presence: &Filter) -> Result<bool, SearchError> {
        let filters: Filters = [presence.clone()].into_iter().collect();
        Ok(!self.rows_where(&filters, &|_| true)?.is_empty())
    }

    fn has_source(&self, is_selected: &dyn Fn(&str) -> bool) -> Result<bool, SearchError> {
        Ok(!self.sources_where(&|source| is_selected(&self.names.shown(&source.path)))?.is_empty())
    }

    fn find(&self, id: &str) -> Result<Matches, SearchError> {
        let rows = self.rows_of_id(id)?;
        Ok(Matches { passages: self.located(&rows)?, vectors: self.vectors_of(&rows)? })
    }

    fn find_part(&self, id: &str, part: Range<usize>) -> Result<(Vec<LocatedPassage>, usize), SearchError> {
        let rows = self.rows_of_id(id)?;
        Ok((self.located(within(&rows, part))?, rows.len()))
    }

    fn vectors(&self) -> Result<Rows<'_>, SearchError> {
        if self.all.get().is_none() {
            let mut all = UnitVectors::new(self.settings.dimension());
            self.for_each_vector(&mut |vector| {
                all.push_unit(vector);
                std::ops::ControlFlow::Continue(())
            })?;
            let _first = self.all.set(all);
        }
        Ok(Rows::from(self.all.get().expect("they were just read")))
    }

    fn passages(&self, positions: &[u32]) -> Result<Vec<LocatedPassage>, SearchError> {
        let row = |&position: &u32| RowId(self.live.select(position).expect("a row for each position"));
        let rows: Vec<RowId> = positions.iter().map(row).collect();
        Ok(self.located(&rows)?)
    }

    fn for_each_text(&self, take: &mut dyn FnMut(u32, &str)) -> Result<(), SearchError> {
        let query = "SELECT passages.id, text FROM passages JOIN sources ON sources.id = source WHERE state = 'visible'";
        for row in self.connection().query(query, &[])? {
            let id = u32::try_from(row.get::<_, i64>(0)).unwrap_or(u32::MAX);
            let position = self.live.rank(id) - 1;
            take(position as u32, row.get(1));
        }
        Ok(())
    }
}

impl IndexSnapshot for PostgresSnapshot {
    fn content(&self) -> &dyn IndexContent {
        self
    }

    fn names(&self) -> &SourceNames {
        &self.names
    }

    fn statistics(&self) -> Result<IndexStatistics, Error> {
        let query =
            "SELECT count(*), coalesce(sum(document_count), 0)::bigint FROM sources WHERE state = 'visible'";
        let row = self.connection().one(query, &[])?;
        let rows: i64 = self.connection().one("SELECT count(*) FROM passages", &[])?.get(0);
        let bytes: i64 = self
            .connection()
            .one(
                "SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0)::bigint
                 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                 WHERE nspname = current_schema() AND relkind IN ('r', 'p')",
                &[],
            )?
            .get(0);
        let counts = Counts {
            sources: row.get::<_, i64>(0).cast_unsigned(),
            documents: row.get::<_, i64>(1).cast_unsigned(),
            passages: self.live.len(),
            rows: rows.cast_unsigned(),
        };
        Ok(IndexStatistics { id: self.id, generation: self.generation, counts, bytes: bytes.cast_unsigned() })
    }
}
