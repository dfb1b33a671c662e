//! The words of an index: which texts have a term, how often, and how long each text is.
//!
//! | table | what it holds |
//! | --- | --- |
//! | `word_segments` | one row for each segment: the postings of consecutive vector numbers |
//! | `postings` | the postings of each term in each segment, as `words/postings.rs` has them; the first follows the segment's first vector |
//! | `word_lengths` | the number of terms of consecutive vectors, 16-bit little-endian; 0 where none was added |
//!
//! Postings of passages that are gone stay until the index is compacted, and are skipped. The setting `words` is the version
//! of the analysis that made them; a reader ignores words of another version, and the next writer makes them anew from the
//! stored texts.

use std::ops::Range;

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::generation::Generation;
use super::reader::Reader;
use super::record_checksums::{PASSAGES, POSTINGS, WORD_LENGTHS, damaged, require_whole};
use super::schema::CHECKSUMS_SINCE;
use super::word_segments::{LENGTHS_OF_A_CHUNK, Segment, segments, store_words};
use super::writer::Writer;
use crate::corpus::contextual_text;
use crate::words::{ANALYSIS_VERSION, Posting, PostingsReader, WordBuffer, WordStatistics, WordStore};

/// The name of the setting that holds the version of the analysis.
pub(super) const WORDS: &str = "words";

/// The value of that setting where there are no words: no version of the analysis.
pub(super) const NO_WORDS: u32 = 0;

impl Catalog {
    /// Deletes the words of all texts, inside the open transaction.
    pub(super) fn delete_words(&self) -> Result<(), Error> {
        self.batch("DELETE FROM postings; DELETE FROM word_segments; DELETE FROM word_lengths")
    }

    /// Whether the words of the catalog are of this program's version of the analysis. Catalogs of before checksums may lack
    /// the setting.
    pub(super) fn has_words(&self) -> Result<bool, Error> {
        let version = if self.is_since(CHECKSUMS_SINCE) {
            Some(self.setting::<i64>(WORDS)?)
        } else {
            self.optional_setting(WORDS)?
        };
        Ok(version == Some(i64::from(ANALYSIS_VERSION)))
    }

    /// The number of terms of the text of each vector; `next_vector` is the first number that was not given.
    pub(super) fn word_lengths(&self, next_vector: u32) -> Result<WordLengths, Error> {
        let (mut lengths, mut gaps) = (Vec::new(), Vec::new());
        let whole = self.is_whole(WORD_LENGTHS);
        let query = format!("SELECT chunk, lengths, {whole} FROM word_lengths ORDER BY chunk");
        self.for_each(&query, [], |row| {
            require_whole(row, 2, WORD_LENGTHS)?;
            let start = row.get::<_, u32>(0)?.saturating_mul(LENGTHS_OF_A_CHUNK);
            if start >= next_vector {
                return Err(damaged(WORD_LENGTHS));
            }
            let bytes = row.get_ref(1)?.as_blob()?;
            gaps.push(lengths.len()..start as usize);
            lengths.resize(lengths.len().max(start as usize), 0);
            lengths.extend(bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
            Ok(())
        })?;
        gaps.push(lengths.len()..next_vector as usize);
        gaps.retain(|gap| !gap.is_empty());
        Ok(WordLengths { lengths, gaps })
    }
}

/// The number of terms of the text of each vector.
#[derive(Debug)]
pub(super) struct WordLengths {
    pub(super) lengths: Vec<u16>,
    /// Vectors without one: their words were never stored.
    gaps: Vec<Range<usize>>,
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
        self.catalog.delete_words()?;
        let mut buffer = WordBuffer::default();
        let mut failure = Ok(());
        let whole = self.catalog.is_whole(PASSAGES);
        let query = format!("SELECT vector, context, text, {whole} FROM passages ORDER BY vector");
        self.catalog.for_each(&query, [], |row| {
            if failure.is_err() {
                return Ok(());
            }
            require_whole(row, 3, PASSAGES)?;
            let context: Option<String> = row.get(1)?;
            buffer.push(row.get(0)?, &contextual_text(context.as_deref(), row.get_ref(2)?.as_str()?));
            if buffer.is_full() {
                failure = store_words(&std::mem::take(&mut buffer), &self.catalog);
            }
            Ok(())
        })?;
        failure?;
        store_words(&buffer, &self.catalog)?;
        self.catalog.record_segments()?;
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
        let WordLengths { lengths: by_number, gaps } =
            self.catalog.word_lengths(self.generation.next_vector())?;
        let rows = self.generation.rows();
        let live = self.generation.live();
        let is_plain = live.len() == u64::from(rows) && gaps.is_empty() && by_number.len() == rows as usize;
        let (rows_of, lengths) = if is_plain {
            (None, by_number)
        } else {
            let rows_of = live_rows(&self.generation);
            let is_lost = |gap: &Range<usize>| {
                rows_of
                    .get(gap.start..gap.end.min(rows_of.len()))
                    .is_some_and(|rows| rows.iter().any(Option::is_some))
            };
            if gaps.iter().any(is_lost) {
                let what = Damage::Field { field: "length of a text" };
                return Err(Error::corrupt(self.catalog.path(), what));
            }
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
        self.catalog.check_segments()?;
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

impl IndexWords<'_> {
    /// Selects the postings of a term of a segment, or those of the term before it, which shows that it is missing.
    fn postings_query(&self) -> String {
        let whole = self.catalog.is_whole(POSTINGS);
        let next = self.catalog.columns_since(CHECKSUMS_SINCE, "next");
        if self.catalog.is_since(CHECKSUMS_SINCE) {
            format!(
                "SELECT postings, {whole}, term, {next} FROM postings
                 WHERE segment = ?1 AND term <= ?2 ORDER BY term DESC LIMIT 1"
            )
        } else {
            format!("SELECT postings, {whole}, term, {next} FROM postings WHERE segment = ?1 AND term = ?2")
        }
    }
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
        let damaged = || Error::corrupt(self.catalog.path(), Damage::Field { field: "postings of a term" });
        let query = self.postings_query();
        for segment in &self.segments {
            let mut is_whole = true;
            let found = self.catalog.find(&query, (segment.id, term), |row| {
                require_whole(row, 1, POSTINGS)?;
                if row.get_ref(2)?.as_str()? != term {
                    // The term before it: where the term is missing, the next one is beyond it.
                    is_whole = row.get_ref(3)?.as_str_or_null()?.is_none_or(|next| next > term);
                    return Ok(());
                }
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
            if !is_whole || (found.is_none() && self.catalog.is_since(CHECKSUMS_SINCE)) {
                return Err(damaged());
            }
        }
        Ok(())
    }
}
