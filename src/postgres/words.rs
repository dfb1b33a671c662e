//! The words of passages: postings by term, and the number of terms of each passage.
//!
//! | table | what it holds |
//! | --- | --- |
//! | `postings` | the postings of a term in the passages from `first` on, as `words/postings.rs` has them |
//! | `word_segments` | the segments: a commit that makes a source visible adds one; [`FAN_OUT`] of a level become one of the next |
//! | `word_lengths` | the number of terms of consecutive passages, 16-bit little-endian |

use std::collections::{BTreeMap, HashMap};

use postgres::types::Type;
use roaring::RoaringBitmap;

use super::connection::Connection;
use crate::index::{Damage, Error};
use crate::words::{
    Posting, PostingsReader, WordBuffer, WordSegment, WordStatistics, WordStore, encode_postings,
};

/// Segments of a level that are merged into one.
const FAN_OUT: usize = 8;

/// A merge holds its result in memory: larger segments stay as they are.
const LARGEST_MERGE_BYTES: i64 = 64 << 20;

/// Passages in one row of `word_lengths`.
const LENGTHS_OF_A_CHUNK: u32 = 4096;

/// Stores the words that wait, inside the open transaction.
pub(super) fn store(words: &WordBuffer, connection: &Connection) -> Result<(), Error> {
    let Some(WordSegment { first, terms }) = words.segment() else { return Ok(()) };
    store_segment(connection, 0, first.into(), &terms)?;
    store_lengths(connection, words.lengths())?;
    merge_levels(connection)
}

fn store_segment<T: AsRef<str>>(
    connection: &Connection,
    level: i32,
    first: i64,
    terms: &[(T, Vec<u8>)],
) -> Result<(), Error> {
    let bytes: usize = terms.iter().map(|(term, postings)| term.as_ref().len() + postings.len()).sum();
    let statement = "INSERT INTO word_segments (first, level, bytes) VALUES ($1, $2, $3)";
    connection.execute(statement, &[&first, &level, &(bytes as i64)])?;
    let types = [Type::TEXT, Type::INT8, Type::BYTEA];
    connection.copy("COPY postings FROM STDIN BINARY", &types, |writer| {
        for (term, postings) in terms {
            writer.write(&[&term.as_ref(), &first, postings])?;
        }
        Ok(())
    })
}

fn store_lengths(connection: &Connection, lengths: &BTreeMap<u32, u16>) -> Result<(), Error> {
    let mut chunks: BTreeMap<i64, Vec<(usize, u16)>> = BTreeMap::new();
    for (&number, &length) in lengths {
        let place = (number % LENGTHS_OF_A_CHUNK) as usize;
        chunks.entry((number / LENGTHS_OF_A_CHUNK).into()).or_default().push((place, length));
    }
    for (chunk, added) in chunks {
        let found = connection.find("SELECT lengths FROM word_lengths WHERE chunk = $1", &[&chunk])?;
        let mut bytes: Vec<u8> = found.map(|row| row.get(0)).unwrap_or_default();
        for (place, length) in added {
            bytes.resize(bytes.len().max(2 * place + 2), 0);
            bytes[2 * place..2 * place + 2].copy_from_slice(&length.to_le_bytes());
        }
        let statement =
            "INSERT INTO word_lengths VALUES ($1, $2) ON CONFLICT (chunk) DO UPDATE SET lengths = $2";
        connection.execute(statement, &[&chunk, &bytes])?;
    }
    Ok(())
}

/// Merges the last segments while [`FAN_OUT`] of them are of one level. Levels never rise from one segment to the next.
fn merge_levels(connection: &Connection) -> Result<(), Error> {
    loop {
        let query = "SELECT first, level, bytes FROM word_segments ORDER BY first DESC LIMIT $1";
        let last = connection.query(query, &[&(FAN_OUT as i64)])?;
        let level: Option<i32> = last.first().map(|row| row.get(1));
        let bytes: i64 = last.iter().map(|row| row.get::<_, i64>(2)).sum();
        let is_level = last.len() == FAN_OUT && last.iter().all(|row| Some(row.get(1)) == level);
        let (Some(level), true) = (level, is_level && bytes <= LARGEST_MERGE_BYTES) else { return Ok(()) };
        let firsts: Vec<i64> = last.iter().rev().map(|row| row.get(0)).collect();
        merge(connection, &firsts, level + 1, &|_| true)?;
    }
}

/// Drops postings of passages that are gone, in every segment.
pub(super) fn purge(connection: &Connection, kept: &RoaringBitmap) -> Result<(), Error> {
    for row in connection.query("SELECT first, level FROM word_segments ORDER BY first", &[])? {
        merge(connection, &[row.get(0)], row.get(1), &|text| kept.contains(text))?;
    }
    Ok(())
}

/// Replaces consecutive segments by one of `level`, with the postings of texts for which `is_kept` holds.
fn merge(
    connection: &Connection,
    firsts: &[i64],
    level: i32,
    is_kept: &dyn Fn(u32) -> bool,
) -> Result<(), Error> {
    let first = number(connection, firsts[0])?;
    let mut merged: Vec<(String, Vec<Posting>)> = Vec::new();
    let query = "SELECT term, first, postings FROM postings WHERE first = ANY ($1) ORDER BY term, first";
    for row in connection.query(query, &[&firsts])? {
        let (term, of, bytes): (String, i64, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
        let postings = decode(connection, &bytes, number(connection, of)?)?;
        let kept = postings.into_iter().filter(|posting| is_kept(posting.text));
        match merged.last_mut() {
            Some((last, all)) if *last == term => all.extend(kept),
            _ => merged.push((term, kept.collect())),
        }
    }
    connection.execute("DELETE FROM postings WHERE first = ANY ($1)", &[&firsts])?;
    connection.execute("DELETE FROM word_segments WHERE first = ANY ($1)", &[&firsts])?;
    merged.retain(|(_, postings)| !postings.is_empty());
    let terms: Vec<(String, Vec<u8>)> =
        merged.into_iter().map(|(term, postings)| (term, encode_postings(&postings, first))).collect();
    store_segment(connection, level, first.into(), &terms)
}

fn number(connection: &Connection, number: i64) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| damaged(connection))
}

fn decode(connection: &Connection, bytes: &[u8], first: u32) -> Result<Vec<Posting>, Error> {
    let mut reader = PostingsReader::new(bytes, first);
    let postings = reader.by_ref().collect();
    if reader.is_at_end() { Ok(postings) } else { Err(damaged(connection)) }
}

fn damaged(connection: &Connection) -> Error {
    Error::corrupt(connection.place(), Damage::Field { field: "postings of a term" })
}

/// The words of the live passages of one snapshot.
pub(super) struct PostgresWords<'a> {
    connection: &'a Connection,
    live: &'a RoaringBitmap,
    lengths: Vec<u16>,
    statistics: WordStatistics,
    /// Postings of terms that were looked up together.
    prepared: HashMap<String, Vec<Posting>>,
}

impl<'a> PostgresWords<'a> {
    /// The words of `live`, of `rows` passages in all; postings of `terms` are fetched at once.
    pub(super) fn read(
        connection: &'a Connection,
        live: &'a RoaringBitmap,
        rows: usize,
        terms: &[&str],
    ) -> Result<Self, Error> {
        let mut lengths = vec![0; rows];
        for row in connection.query("SELECT chunk, lengths FROM word_lengths", &[])? {
            let (chunk, bytes): (i64, Vec<u8>) = (row.get(0), row.get(1));
            let start = chunk as usize * LENGTHS_OF_A_CHUNK as usize;
            for (length, pair) in lengths.iter_mut().skip(start).zip(bytes.chunks_exact(2)) {
                *length = u16::from_le_bytes([pair[0], pair[1]]);
            }
        }
        let all =
            live.iter().map(|row| u64::from(lengths.get(row as usize).copied().unwrap_or_default())).sum();
        let statistics = WordStatistics::new(live.len(), all, rows);
        let mut words = Self { connection, live, lengths, statistics, prepared: HashMap::new() };
        words.prepared = words.postings(terms)?;
        Ok(words)
    }

    fn postings(&self, terms: &[&str]) -> Result<HashMap<String, Vec<Posting>>, Error> {
        let mut found: HashMap<String, Vec<Posting>> =
            terms.iter().map(|term| ((*term).to_owned(), Vec::new())).collect();
        let query = "SELECT term, first, postings FROM postings WHERE term = ANY ($1) ORDER BY term, first";
        for row in self.connection.query(query, &[&terms])? {
            let (term, first, bytes): (String, i64, Vec<u8>) = (row.get(0), row.get(1), row.get(2));
            let postings = decode(self.connection, &bytes, number(self.connection, first)?)?;
            let live = postings.into_iter().filter(|posting| self.live.contains(posting.text));
            found.entry(term).or_default().extend(live);
        }
        Ok(found)
    }
}

impl WordStore for PostgresWords<'_> {
    type Error = Error;

    fn statistics(&self) -> WordStatistics {
        self.statistics
    }

    fn length(&self, row: u32) -> u16 {
        self.lengths.get(row as usize).copied().unwrap_or_default()
    }

    fn for_each_posting(&self, term: &str, take: &mut dyn FnMut(Posting)) -> Result<(), Error> {
        match self.prepared.get(term) {
            Some(postings) => postings.iter().copied().for_each(take),
            None => self.postings(&[term])?.into_values().flatten().for_each(take),
        }
        Ok(())
    }
}
