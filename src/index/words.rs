//! The words of an index: which texts have a term, how often, and how long each text is.
//!
//! | table | what it holds |
//! | --- | --- |
//! | `word_segments` | one row for each segment: the postings of consecutive vector numbers |
//! | `postings` | the postings of each term in each segment, as [`push_posting`] writes them; the first follows the segment's first vector |
//! | `word_lengths` | the number of terms of [`LENGTHS_OF_A_CHUNK`] consecutive vectors, 16-bit little-endian; 0 where none was added |
//!
//! A commit that makes a source visible adds a segment of level 0. [`FAN_OUT`] segments of one level become one of the next,
//! so that a commit writes little and a search looks into few segments. Postings of passages that are gone stay until
//! the index is compacted, and are skipped. The setting `words` is the version of the analysis that made them; a reader
//! ignores words of another version, and the next writer makes them anew from the stored texts.

use std::collections::{BTreeMap, HashMap};

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::generation::Generation;
use super::reader::Reader;
use super::writer::Writer;
use crate::corpus::contextual_text;
use crate::words::{
    ANALYSIS_VERSION, Posting, PostingsReader, TextTerms, WordStatistics, WordStore, push_posting,
};
use roaring::RoaringBitmap;

/// The name of the setting that holds the version of the analysis.
pub(super) const WORDS: &str = "words";

/// Lengths in one row of `word_lengths`.
const LENGTHS_OF_A_CHUNK: u32 = 4096;

/// Segments of a level that are merged into one.
const FAN_OUT: usize = 8;

/// A merge holds its result in memory: larger segments stay as they are.
const LARGEST_MERGE_BYTES: u64 = 32 << 20;

/// Terms of texts that wait for their segment take this much at most, roughly.
const LARGEST_BUFFER_POSTINGS: usize = 2 << 20;

/// Words of texts that no segment has yet.
///
/// Texts of a source that is still open wait here over commits: readers cannot see them, and an interrupted run adds them
/// again. The buffer is emptied only once a commit has succeeded.
#[derive(Debug, Default)]
pub(super) struct WordBuffer {
    postings: HashMap<Box<str>, Vec<Posting>>,
    lengths: BTreeMap<u32, u16>,
    posting_count: usize,
}

impl WordBuffer {
    /// Adds the text of the vector `number`, which is greater than those before it.
    pub(super) fn push(&mut self, number: u32, text: &str) {
        let TextTerms { counts, length } = TextTerms::of(text);
        self.posting_count += counts.len();
        for (term, count) in counts {
            self.postings.entry(term).or_default().push(Posting { text: number, count });
        }
        self.lengths.insert(number, length);
    }

    pub(super) const fn is_full(&self) -> bool {
        self.posting_count >= LARGEST_BUFFER_POSTINGS
    }

    /// Forgets texts from the vector `next` on, which were rolled back.
    pub(super) fn truncate(&mut self, next: u32) {
        for postings in self.postings.values_mut() {
            postings.retain(|posting| posting.text < next);
        }
        self.postings.retain(|_, postings| !postings.is_empty());
        self.lengths.split_off(&next);
        self.posting_count = self.postings.values().map(Vec::len).sum();
    }

    /// Writes a segment of what waits, inside the open transaction, and merges segments where enough are of one level.
    pub(super) fn store(&self, catalog: &Catalog) -> Result<(), Error> {
        let Some((&first, _)) = self.lengths.first_key_value() else { return Ok(()) };
        let mut terms: Vec<(&str, Vec<u8>)> =
            self.postings.iter().map(|(term, postings)| (&**term, encode(postings, first))).collect();
        terms.sort_unstable_by_key(|(term, _)| *term);
        store_segment(catalog, Segment { id: 0, level: 0, first }, &terms)?;
        store_lengths(catalog, &self.lengths)?;
        merge_levels(catalog)
    }
}

/// A row of `word_segments`.
#[derive(Debug, Clone, Copy)]
struct Segment {
    id: i64,
    level: u32,
    first: u32,
}

fn encode(postings: &[Posting], first: u32) -> Vec<u8> {
    let (mut bytes, mut previous) = (Vec::new(), first);
    for posting in postings {
        push_posting(&mut bytes, *posting, previous);
        previous = posting.text;
    }
    bytes
}

/// Adds a segment after all others; its id is assigned.
fn store_segment<T: AsRef<str>>(
    catalog: &Catalog,
    segment: Segment,
    terms: &[(T, Vec<u8>)],
) -> Result<(), Error> {
    let bytes: usize = terms.iter().map(|(term, postings)| term.as_ref().len() + postings.len()).sum();
    catalog.execute(
        "INSERT INTO word_segments (level, first_vector, bytes) VALUES (?1, ?2, ?3)",
        (segment.level, segment.first, bytes),
    )?;
    let id = catalog.last_id();
    for (term, postings) in terms {
        catalog.execute(
            "INSERT INTO postings (segment, term, postings) VALUES (?1, ?2, ?3)",
            (id, term.as_ref(), postings),
        )?;
    }
    Ok(())
}

fn store_lengths(catalog: &Catalog, lengths: &BTreeMap<u32, u16>) -> Result<(), Error> {
    let mut chunks: BTreeMap<u32, Vec<(usize, u16)>> = BTreeMap::new();
    for (&number, &length) in lengths {
        let place = (number % LENGTHS_OF_A_CHUNK) as usize;
        chunks.entry(number / LENGTHS_OF_A_CHUNK).or_default().push((place, length));
    }
    for (chunk, added) in chunks {
        let query = "SELECT lengths FROM word_lengths WHERE chunk = ?1";
        let mut bytes: Vec<u8> = catalog.find(query, [chunk], |row| row.get(0))?.unwrap_or_default();
        for (place, length) in added {
            bytes.resize(bytes.len().max(2 * place + 2), 0);
            bytes[2 * place..2 * place + 2].copy_from_slice(&length.to_le_bytes());
        }
        catalog.execute(
            "INSERT OR REPLACE INTO word_lengths (chunk, lengths) VALUES (?1, ?2)",
            (chunk, bytes),
        )?;
    }
    Ok(())
}

/// Merges the last segments while [`FAN_OUT`] of them are of one level. Levels never rise from one segment to the next.
fn merge_levels(catalog: &Catalog) -> Result<(), Error> {
    loop {
        let mut last = Vec::new();
        let mut bytes = 0;
        catalog.for_each(
            "SELECT segment, level, first_vector, bytes FROM word_segments ORDER BY segment DESC LIMIT ?1",
            [FAN_OUT],
            |row| {
                last.push(Segment { id: row.get(0)?, level: row.get(1)?, first: row.get(2)? });
                bytes += row.get::<_, u64>(3)?;
                Ok(())
            },
        )?;
        let is_level = last.len() == FAN_OUT && last.iter().all(|segment| segment.level == last[0].level);
        if !is_level || bytes > LARGEST_MERGE_BYTES {
            return Ok(());
        }
        last.reverse();
        merge(catalog, &last)?;
    }
}

/// Replaces consecutive segments by one of the next level.
fn merge(catalog: &Catalog, segments: &[Segment]) -> Result<(), Error> {
    let first = segments[0].first;
    let mut merged: BTreeMap<Box<str>, Vec<Posting>> = BTreeMap::new();
    for segment in segments {
        for_each_term(catalog, *segment, |term, postings| match merged.get_mut(term) {
            Some(known) => known.extend(postings),
            None => drop(merged.insert(term.into(), postings.collect())),
        })?;
        delete_segment(catalog, *segment)?;
    }
    let terms: Vec<(Box<str>, Vec<u8>)> =
        merged.into_iter().map(|(term, postings)| (term, encode(&postings, first))).collect();
    store_segment(catalog, Segment { id: 0, level: segments[0].level + 1, first }, &terms)
}

fn for_each_term(
    catalog: &Catalog,
    segment: Segment,
    mut take: impl FnMut(&str, PostingsReader<'_>),
) -> Result<(), Error> {
    let query = "SELECT term, postings FROM postings WHERE segment = ?1 ORDER BY term";
    catalog.for_each(query, [segment.id], |row| {
        take(row.get_ref(0)?.as_str()?, PostingsReader::new(row.get_ref(1)?.as_blob()?, segment.first));
        Ok(())
    })
}

fn delete_segment(catalog: &Catalog, segment: Segment) -> Result<(), Error> {
    catalog.execute("DELETE FROM postings WHERE segment = ?1", [segment.id])?;
    catalog.execute("DELETE FROM word_segments WHERE segment = ?1", [segment.id]).map(drop)
}

fn segments(catalog: &Catalog) -> Result<Vec<Segment>, Error> {
    let mut segments = Vec::new();
    let query = "SELECT segment, level, first_vector FROM word_segments ORDER BY segment";
    catalog.for_each(query, [], |row| {
        segments.push(Segment { id: row.get(0)?, level: row.get(1)?, first: row.get(2)? });
        Ok(())
    })?;
    Ok(segments)
}

impl Catalog {
    /// Deletes the postings of vectors that are not in `kept`, inside the open transaction.
    pub(super) fn purge_words(&self, kept: &RoaringBitmap) -> Result<(), Error> {
        for segment in segments(self)? {
            let mut changed: Vec<(Box<str>, Vec<u8>)> = Vec::new();
            for_each_term(self, segment, |term, postings| {
                let all: Vec<Posting> = postings.collect();
                let kept: Vec<Posting> =
                    all.iter().filter(|posting| kept.contains(posting.text)).copied().collect();
                if kept.len() < all.len() {
                    changed.push((term.into(), encode(&kept, segment.first)));
                }
            })?;
            for (term, postings) in changed {
                if postings.is_empty() {
                    let delete = "DELETE FROM postings WHERE segment = ?1 AND term = ?2";
                    self.execute(delete, (segment.id, term))?;
                } else {
                    let update = "UPDATE postings SET postings = ?3 WHERE segment = ?1 AND term = ?2";
                    self.execute(update, (segment.id, term, postings))?;
                }
            }
        }
        Ok(())
    }

    /// Whether the words of the catalog are of this program's version of the analysis.
    fn has_words(&self) -> Result<bool, Error> {
        let version = self.find("SELECT value FROM settings WHERE name = ?1", [WORDS], |row| row.get(0))?;
        Ok(version == Some(i64::from(ANALYSIS_VERSION)))
    }

    fn word_lengths(&self) -> Result<Vec<u16>, Error> {
        let mut lengths = Vec::new();
        self.for_each("SELECT chunk, lengths FROM word_lengths ORDER BY chunk", [], |row| {
            let start = row.get::<_, u32>(0)? * LENGTHS_OF_A_CHUNK;
            let bytes = row.get_ref(1)?.as_blob()?;
            lengths.resize(lengths.len().max(start as usize), 0);
            lengths.extend(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
            Ok(())
        })?;
        Ok(lengths)
    }
}

impl Writer {
    /// Makes the words of all texts anew where there are none of this program's version, in one transaction.
    pub(super) fn update_words(&mut self) -> Result<(), Error> {
        if self.catalog.has_words()? {
            return Ok(());
        }
        self.catalog.batch("BEGIN IMMEDIATE")?;
        let outcome = self.make_words().and_then(|()| self.catalog.batch("COMMIT"));
        if outcome.is_err() {
            self.roll_back();
        }
        outcome
    }

    fn make_words(&self) -> Result<(), Error> {
        let tables = "DELETE FROM postings; DELETE FROM word_segments; DELETE FROM word_lengths";
        self.catalog.batch(tables)?;
        let mut buffer = WordBuffer::default();
        let mut failure = Ok(());
        self.catalog.for_each("SELECT vector, context, text FROM passages ORDER BY vector", [], |row| {
            let context: Option<String> = row.get(1)?;
            buffer.push(row.get(0)?, &contextual_text(context.as_deref(), row.get_ref(2)?.as_str()?));
            if buffer.is_full() && failure.is_ok() {
                failure = std::mem::take(&mut buffer).store(&self.catalog);
            }
            Ok(())
        })?;
        failure?;
        buffer.store(&self.catalog)?;
        self.catalog.set(WORDS, ANALYSIS_VERSION)
    }
}

/// The words of one snapshot.
#[derive(Debug)]
pub struct IndexWords<'a> {
    catalog: &'a Catalog,
    segments: Vec<Segment>,
    /// The length of each text by row.
    lengths: Vec<u16>,
    /// The live row of each vector number; `None` where every number is a live row.
    rows: Option<Vec<Option<u32>>>,
    statistics: WordStatistics,
}

impl Reader {
    /// Whether texts can be found by words: an older program may have made the index, and no writer opened it since.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn has_words(&self) -> Result<bool, Error> {
        self.catalog.has_words()
    }

    /// The words of the live texts; `None` where an older program made the index and no writer has opened it since.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where texts have no lengths, and [`Error::Sql`].
    pub fn words(&self) -> Result<Option<IndexWords<'_>>, Error> {
        if !self.catalog.has_words()? {
            return Ok(None);
        }
        let by_number = self.catalog.word_lengths()?;
        let rows = self.generation.rows();
        let live = self.generation.live();
        let is_plain = live.len() == u64::from(rows) && by_number.len() == rows as usize;
        let (rows_of, lengths) = if is_plain {
            (None, by_number)
        } else {
            let rows_of = live_rows(&self.generation);
            let mut lengths = vec![0; rows as usize];
            for (row, length) in rows_of.iter().zip(&by_number) {
                if let Some(row) = row {
                    lengths[*row as usize] = *length;
                }
            }
            (Some(rows_of), lengths)
        };
        let terms = lengths.iter().map(|&length| u64::from(length)).sum();
        let statistics = WordStatistics::new(live.len(), terms, rows as usize);
        let segments = segments(&self.catalog)?;
        Ok(Some(IndexWords { catalog: &self.catalog, segments, lengths, rows: rows_of, statistics }))
    }
}

/// The live row of each vector number.
fn live_rows(generation: &Generation) -> Vec<Option<u32>> {
    let mut rows = Vec::new();
    for (row, number) in (0..).zip(generation.vectors()) {
        rows.resize(number as usize, None);
        rows.push(generation.live().contains(row).then_some(row));
    }
    rows
}

impl WordStore for IndexWords<'_> {
    type Error = Error;

    fn statistics(&self) -> WordStatistics {
        self.statistics
    }

    fn length(&self, row: u32) -> u16 {
        self.lengths[row as usize]
    }

    fn for_each_posting(&self, term: &str, take: &mut dyn FnMut(Posting)) -> Result<(), Error> {
        let query = "SELECT postings FROM postings WHERE segment = ?1 AND term = ?2";
        for segment in &self.segments {
            let mut is_whole = true;
            self.catalog.find(query, (segment.id, term), |row| {
                let mut postings = PostingsReader::new(row.get_ref(0)?.as_blob()?, segment.first);
                for posting in postings.by_ref() {
                    let row = match &self.rows {
                        None => Some(posting.text).filter(|&row| (row as usize) < self.lengths.len()),
                        Some(rows) => rows.get(posting.text as usize).copied().flatten(),
                    };
                    if let Some(row) = row {
                        take(Posting { text: row, ..posting });
                    }
                }
                is_whole = postings.is_at_end();
                Ok(())
            })?;
            if !is_whole {
                return Err(Error::corrupt(
                    self.catalog.path(),
                    Damage::Field { field: "postings of a term" },
                ));
            }
        }
        Ok(())
    }
}
