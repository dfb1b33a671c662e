//! Segments of postings: written by commits, merged as they grow in number, purged by compactions.
//!
//! A commit that makes a source visible adds a segment of level 0. [`FAN_OUT`] segments of one level become one of the next, so
//! that a commit writes little and a search looks into few segments.

use std::collections::BTreeMap;
use std::iter;

use roaring::RoaringBitmap;

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::record_checksums::{POSTINGS, WORD_LENGTHS, damaged, require_whole};
use super::schema::CHECKSUMS_SINCE;
use crate::words::{Posting, PostingsReader, WordBuffer, WordSegment, encode_postings};

/// Lengths in one row of `word_lengths`.
pub(super) const LENGTHS_OF_A_CHUNK: u32 = 4096;

/// Segments of a level that are merged into one.
const FAN_OUT: usize = 8;

/// A merge holds its result in memory: larger segments stay as they are.
const LARGEST_MERGE_BYTES: u64 = 32 << 20;

/// Writes a segment of the words that wait, inside the open transaction, and merges segments where enough are of one level.
///
/// Texts of a source that is still open wait over commits: readers cannot see them, and an interrupted run adds them again.
/// Their words are forgotten only once a commit has succeeded.
pub(super) fn store_words(words: &WordBuffer, catalog: &Catalog) -> Result<(), Error> {
    let Some(WordSegment { first, terms }) = words.segment() else { return Ok(()) };
    store_segment(catalog, Segment { id: 0, level: 0, first }, &terms)?;
    store_lengths(catalog, words.lengths())?;
    merge_levels(catalog)?;
    catalog.record_segments()
}

/// A row of `word_segments`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) id: i64,
    level: u32,
    pub(super) first: u32,
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
    let first = (FIRST_TERM, &[][..]);
    let rows = || iter::once(first).chain(terms.iter().map(|(term, postings)| (term.as_ref(), &**postings)));
    let next = rows().skip(1).map(|(term, _)| Some(term)).chain([None]);
    for ((term, postings), next) in rows().zip(next) {
        catalog.execute(
            "INSERT INTO postings (segment, term, postings, next, checksum)
             VALUES (?1, ?2, ?3, ?4, row_checksum(?1, ?2, ?3, ?4, ?5))",
            (id, term, postings, next, segment.first),
        )?;
    }
    Ok(())
}

/// Every segment starts with this, which is no term and has no postings: a row before each term that is missing says so.
const FIRST_TERM: &str = "";

/// The name of the setting that holds [`DIGEST`], so that a segment that is lost is noticed.
pub(super) const SEGMENTS_DIGEST: &str = "word_segments";

/// SQL for a checksum of all segments.
const DIGEST: &str = "(SELECT row_checksum(group_concat(segment || ':' || first_vector))
                       FROM (SELECT segment, first_vector FROM word_segments ORDER BY segment))";

impl Catalog {
    /// Records which segments there are.
    pub(super) fn record_segments(&self) -> Result<(), Error> {
        let digest: u32 = self.one(&format!("SELECT {DIGEST}"), [], |row| row.get(0))?;
        self.set(SEGMENTS_DIGEST, digest)
    }

    /// Points every term of a segment to the next one, after terms were deleted.
    fn link_terms(&self, segment: Segment) -> Result<(), Error> {
        self.execute(
            "UPDATE postings SET next = (SELECT min(after.term) FROM postings AS after
                                         WHERE after.segment = postings.segment AND after.term > postings.term)
             WHERE segment = ?1",
            [segment.id],
        )?;
        self.execute(
            "UPDATE postings SET checksum = row_checksum(segment, term, postings, next, ?2) WHERE segment = ?1",
            (segment.id, segment.first),
        )?;
        Ok(())
    }

    /// Checks that the segments are those that were recorded.
    pub(super) fn check_segments(&self) -> Result<(), Error> {
        if !self.is_since(CHECKSUMS_SINCE) {
            return Ok(());
        }
        let found: u32 = self.one(&format!("SELECT {DIGEST}"), [], |row| row.get(0))?;
        if self.setting::<u32>(SEGMENTS_DIGEST)? == found {
            Ok(())
        } else {
            Err(Error::corrupt(self.path(), Damage::Record { table: "word_segments" }))
        }
    }
}

fn store_lengths(catalog: &Catalog, lengths: &BTreeMap<u32, u16>) -> Result<(), Error> {
    let mut chunks: BTreeMap<u32, Vec<(usize, u16)>> = BTreeMap::new();
    for (&number, &length) in lengths {
        let place = (number % LENGTHS_OF_A_CHUNK) as usize;
        chunks.entry(number / LENGTHS_OF_A_CHUNK).or_default().push((place, length));
    }
    for (chunk, added) in chunks {
        let whole = catalog.is_whole(WORD_LENGTHS);
        let query = format!("SELECT lengths, {whole} FROM word_lengths WHERE chunk = ?1");
        let found = catalog.find(&query, [chunk], |row| {
            require_whole(row, 1, WORD_LENGTHS)?;
            row.get(0)
        })?;
        let mut bytes: Vec<u8> = found.unwrap_or_default();
        for (place, length) in added {
            bytes.resize(bytes.len().max(2 * place + 2), 0);
            bytes[2 * place..2 * place + 2].copy_from_slice(&length.to_le_bytes());
        }
        catalog.execute(
            "INSERT OR REPLACE INTO word_lengths (chunk, lengths, checksum)
             VALUES (?1, ?2, row_checksum(?1, ?2))",
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
            None => drop(merged.insert(term.into(), postings)),
        })?;
        delete_segment(catalog, *segment)?;
    }
    let terms: Vec<(Box<str>, Vec<u8>)> =
        merged.into_iter().map(|(term, postings)| (term, encode_postings(&postings, first))).collect();
    store_segment(catalog, Segment { id: 0, level: segments[0].level + 1, first }, &terms)
}

/// Passes the terms of a segment with their postings to `take`.
pub(super) fn for_each_term(
    catalog: &Catalog,
    segment: Segment,
    mut take: impl FnMut(&str, Vec<Posting>),
) -> Result<(), Error> {
    let whole = catalog.is_whole(POSTINGS);
    let query = format!("SELECT term, postings, {whole} FROM postings WHERE segment = ?1 ORDER BY term");
    catalog.for_each(&query, [segment.id], |row| {
        require_whole(row, 2, POSTINGS)?;
        let mut reader = PostingsReader::new(row.get_ref(1)?.as_blob()?, segment.first);
        let postings = reader.by_ref().collect();
        if !reader.is_at_end() {
            return Err(damaged(POSTINGS));
        }
        let term = row.get_ref(0)?.as_str()?;
        if term != FIRST_TERM {
            take(term, postings);
        }
        Ok(())
    })
}

fn delete_segment(catalog: &Catalog, segment: Segment) -> Result<(), Error> {
    catalog.execute("DELETE FROM postings WHERE segment = ?1", [segment.id])?;
    catalog.execute("DELETE FROM word_segments WHERE segment = ?1", [segment.id]).map(drop)
}

pub(super) fn segments(catalog: &Catalog) -> Result<Vec<Segment>, Error> {
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
                let kept: Vec<Posting> =
                    postings.iter().filter(|posting| kept.contains(posting.text)).copied().collect();
                if kept.len() < postings.len() {
                    changed.push((term.into(), encode_postings(&kept, segment.first)));
                }
            })?;
            for (term, postings) in &changed {
                if postings.is_empty() {
                    let delete = "DELETE FROM postings WHERE segment = ?1 AND term = ?2";
                    self.execute(delete, (segment.id, term))?;
                } else {
                    let update = "UPDATE postings SET postings = ?3 WHERE segment = ?1 AND term = ?2";
                    self.execute(update, (segment.id, term, postings))?;
                }
            }
            if !changed.is_empty() {
                self.link_terms(segment)?;
            }
        }
        Ok(())
    }
}
