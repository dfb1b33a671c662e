//! Search of a snapshot of an index folder.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::Path;

use roaring::RoaringBitmap;

use super::grouping::best_rows;
use super::ranking::{RankedRow, Ranking, prepare};
use super::{
    Hit, IndexSnapshot, IndexStatistics, LocatedPassage, Matches, SearchError, SearchOptions, SearchQuery,
    Searchable, Selection, SourceNames, within,
};
use crate::embedding::ModelDescription;
use crate::filter::{Filter, Filters};
use crate::index::{self, IndexContent, Reader, StoredPath};
use crate::scan::Rows;
use crate::vectors::{RowId, UnitVectors};

/// One snapshot of an index folder. It holds a read transaction: keep it for one request, never while waiting for a person, a
/// pipe or a network.
#[derive(Debug)]
pub struct FolderSnapshot {
    reader: Reader,
    names: SourceNames,
    live: OnceCell<LiveRows>,
}

/// The live rows of an index by position.
#[derive(Debug)]
struct LiveRows {
    /// The row of each passage.
    rows: Vec<u32>,
    /// A copy of the vectors of the live rows, if the matrix also has rows that are not live.
    copied: Option<UnitVectors>,
}

impl FolderSnapshot {
    /// Opens the index at `folder`; names of sources are relative to `working_directory`, which is absolute.
    ///
    /// # Errors
    ///
    /// The errors of [`Reader::open`].
    pub fn open(folder: &Path, working_directory: &Path) -> Result<Self, index::Error> {
        let names = SourceNames::new(folder, working_directory);
        Ok(Self { reader: Reader::open(folder)?, names, live: OnceCell::new() })
    }

    /// The same snapshot, which can be held as long as it takes ([`Reader::detached`]).
    #[must_use]
    pub fn detached(self) -> Self {
        Self { reader: self.reader.detached(), ..self }
    }

    /// The rows that can be hits; `None` where all live rows can.
    fn allowed(&self, selection: &Selection<'_>) -> Result<Option<RoaringBitmap>, index::Error> {
        let Selection { filters, sources, excluded } = *selection;
        if filters.is_empty() && sources.is_none() && excluded.is_empty() {
            return Ok(None);
        }
        let mut allowed = self.reader.rows_where(filters, &|source| self.names.shown(source))?;
        if let Some(globs) = sources {
            allowed &= self.reader.rows_of_sources(|source| globs.select(&self.names.shown(source)))?;
        }
        for id in excluded {
            allowed -= self.reader.whole_documents(&self.rows_of_id(id)?)?;
        }
        Ok(Some(allowed))
    }

    /// The live rows that `id` names. A source or a key may contain colons, so every colon is tried as the separator; without
    /// a key, `id` is a source with one document.
    fn rows_of_id(&self, id: &str) -> Result<Vec<RowId>, index::Error> {
        for (colon, _) in id.match_indices(':') {
            for source in self.names.stored_candidates(Path::new(&id[..colon]))? {
                let rows = self.reader.rows_of_key(&source, &id[colon + 1..])?;
                if !rows.is_empty() {
                    return Ok(rows);
                }
            }
        }
        for source in self.names.stored_candidates(Path::new(id))? {
            let rows = self.reader.rows_of_only_document(&source)?;
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
        Ok(Vec::new())
    }

    fn located(&self, rows: &[RowId]) -> Result<Vec<LocatedPassage>, index::Error> {
        self.reader.passages(rows, &|source: &StoredPath| self.names.shown(source))
    }

    fn hits(&self, best: &[RankedRow]) -> Result<Vec<Hit>, index::Error> {
        let rows: Vec<RowId> = best.iter().map(|ranked| ranked.scored.row).collect();
        Ok(best.iter().zip(self.located(&rows)?).map(|(ranked, passage)| Hit::new(ranked, passage)).collect())
    }

    fn live(&self) -> &LiveRows {
        self.live.get_or_init(|| {
            let all = self.reader.rows();
            let rows: Vec<u32> = self.reader.live().iter().collect();
            let copied = (rows.len() < all.len()).then(|| copied(all, &rows));
            LiveRows { rows, copied }
        })
    }
}

fn copied(all: Rows<'_>, rows: &[u32]) -> UnitVectors {
    let mut copied = UnitVectors::new(all.dimension());
    for &row in rows {
        copied.push_unit(all.row(RowId(row)));
    }
    copied
}

impl IndexSnapshot for FolderSnapshot {
    fn content(&self) -> &dyn IndexContent {
        &self.reader
    }

    fn names(&self) -> &SourceNames {
        &self.names
    }

    fn statistics(&self) -> Result<IndexStatistics, index::Error> {
        Ok(IndexStatistics {
            id: self.reader.id(),
            generation: self.reader.generation(),
            counts: self.reader.counts()?,
            bytes: self.reader.disk_bytes()?,
        })
    }
}

impl Searchable for FolderSnapshot {
    fn model(&self) -> &ModelDescription {
        &self.reader.settings().model
    }

    fn search(
        &self,
        queries: &[SearchQuery<'_>],
        options: SearchOptions,
        selection: &Selection<'_>,
    ) -> Result<Vec<Vec<Hit>>, SearchError> {
        let restricted = self.allowed(selection)?;
        let allowed = restricted.as_ref().unwrap_or_else(|| self.reader.live());
        let searches_words = queries.iter().any(|query| query.words.is_some());
        let words = if searches_words { self.reader.words()? } else { None };
        let text_of = |row| self.reader.contextual_text(RowId(row));
        let prepared = prepare(queries, words.as_ref(), || allowed.clone(), text_of)?;
        let ranking = Ranking { nearest: self.reader.scan(), allowed: Some(allowed), words: words.as_ref() };
        let find = |count| ranking.best(&prepared, count, options.limits());
        let best = best_rows(options, find, |row| self.reader.document_of(row))?;
        self.reader.check_scanned()?;
        Ok(best.iter().map(|best| self.hits(best)).collect::<Result<_, _>>()?)
    }

    fn text_count(&self) -> u64 {
        self.reader.live().len()
    }

    fn has_words(&self) -> Result<bool, SearchError> {
        Ok(self.reader.has_words()?)
    }

    fn has_field(&self, presence: &Filter) -> Result<bool, SearchError> {
        let filters: Filters = [presence.clone()].into_iter().collect();
        Ok(!self.reader.rows_where(&filters, &|source| self.names.shown(source))?.is_empty())
    }

    fn has_source(&self, is_selected: &dyn Fn(&str) -> bool) -> Result<bool, SearchError> {
        let sources = self.reader.sources()?;
        Ok(sources.iter().any(|source| is_selected(&self.names.shown(&source.path))))
    }

    fn find(&self, id: &str) -> Result<Matches, SearchError> {
        let rows = self.rows_of_id(id)?;
        let numbers: Vec<u32> = rows.iter().map(|row| row.0).collect();
        self.reader.check_rows(rows.iter().copied())?;
        let vectors = copied(self.reader.rows(), &numbers);
        self.reader.check_scanned()?;
        Ok(Matches { passages: self.located(&rows)?, vectors })
    }

    fn find_part(&self, id: &str, part: Range<usize>) -> Result<(Vec<LocatedPassage>, usize), SearchError> {
        let rows = self.rows_of_id(id)?;
        Ok((self.located(within(&rows, part))?, rows.len()))
    }

    fn vectors(&self) -> Result<Rows<'_>, SearchError> {
        let LiveRows { rows, copied } = self.live();
        self.reader.check_rows(rows.iter().copied().map(RowId))?;
        Ok(copied.as_ref().map_or_else(|| self.reader.rows(), Rows::from))
    }

    fn passages(&self, positions: &[u32]) -> Result<Vec<LocatedPassage>, SearchError> {
        let rows = &self.live().rows;
        let rows: Vec<RowId> = positions.iter().map(|&position| RowId(rows[position as usize])).collect();
        Ok(self.located(&rows)?)
    }

    fn for_each_text(&self, take: &mut dyn FnMut(u32, &str)) -> Result<(), SearchError> {
        let rows = &self.live().rows;
        Ok(self.reader.for_each_text(|row, text| {
            let position = rows.binary_search(&row.0).expect("a position for each live row");
            take(position as u32, text);
        })?)
    }
}
