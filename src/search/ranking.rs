//! The best rows of each query: by meaning, by words, or by both.
//!
//! By both, the score of a row is its cosine plus what its words add ([`WordScores::added`]), and the result equals
//! that of scoring every row. The best rows by cosine, at least k, are scored first. A row outside this list that
//! matches no word ranks behind k of its rows. Every row outside the list has at most the cosine of the list's last
//! row. A row with a matching word is ruled out if that cosine plus what its words add is below the k-th best score.
//! The remaining rows are scanned in bands, those with the highest word scores first. The minimum of each scan is the
//! lowest cosine that can still reach the k-th best score.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use roaring::RoaringBitmap;
use serde::Serialize;

use super::nearest::NearestRows;
use super::verdict::{LEAST_TEXTS_OF_CONFIDENCE, confidence, least_cosine};
use super::{Ranks, SearchQuery};
use crate::scan::ScanRequest;
use crate::topk::{Scored, TopK};
use crate::vectors::{RowId, UnitVectors};
use crate::words::{MOST_WORDS_ADD, WordScores, WordStore, rows_that_satisfy};

/// The minimum length of the list by cosine: a longer list lowers the bound on the rows outside it.
const LEAST_BY_COSINE: usize = 64;

/// The range of word scores within a band.
const BAND_WIDTH: f32 = 0.02;

/// More than the rounding error of a sum of two scores.
const ROUNDING: f32 = 1e-6;

/// The factor by which the number of rows examined in a band grows.
const GROWTH: usize = 4;

/// A row and its score, with the parts of the score unless it is a cosine alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RankedRow {
    pub(crate) scored: Scored,
    pub(crate) parts: Option<ScoreParts>,
}

/// The parts of the score of a hit. Serializes as `cosine`, `words` and `confidence`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreParts {
    /// Dot product of the two unit vectors; `None` for a search by words.
    pub cosine: Option<f32>,
    /// What the words add to the cosine; BM25 itself for a search by words.
    pub words: f32,
    /// The probability that the hit answers the query, from 0 to 1 ([`confidence`]); `None` where it is unknown.
    pub confidence: Option<f32>,
    /// Details of the score.
    #[serde(skip)]
    pub details: ScoreDetails,
}

/// Details of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScoreDetails {
    /// BM25 of the query's words.
    pub bm25: f32,
    /// The fraction of the query's total idf that the passage reaches, from 0 to 1.
    pub coverage: f32,
    /// The rank by cosine alone, from 1; `None` if the row is not in the list by cosine, or ranks are not counted.
    pub cosine_rank: Option<usize>,
    /// The rank by words alone, from 1; `None` if no word matches, or ranks are not counted.
    pub words_rank: Option<usize>,
}

/// The rows to rank.
pub(crate) struct Ranking<'a, N, W> {
    pub(crate) nearest: N,
    /// The rows that can be hits; `None` for all.
    pub(crate) allowed: Option<&'a RoaringBitmap>,
    /// The words of the rows; `None` if there are none: queries are then answered by meaning.
    pub(crate) words: Option<&'a W>,
}

/// The minimum score, and whether ranks are counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// The minimum score of a row.
    pub(crate) minimum: Option<f32>,
    /// The least confidence, of hits that have one.
    pub(crate) minimum_confidence: Option<f32>,
    pub(crate) ranks: Ranks,
}

/// A query with the rows that satisfy its phrases and excluded words.
pub(crate) struct PreparedQuery<'a> {
    pub(crate) query: SearchQuery<'a>,
    /// `None` where the query has no conditions.
    pub(crate) satisfying: Option<RoaringBitmap>,
}

impl<'a> PreparedQuery<'a> {
    /// A query without conditions.
    pub(crate) const fn plain(query: SearchQuery<'a>) -> Self {
        Self { query, satisfying: None }
    }
}

/// Finds the rows that satisfy the conditions of each query, among the rows that `allowed` returns. `allowed` is called
/// only if there are conditions; `text_of` gives the text of a row.
pub(crate) fn prepare<'a, W: WordStore>(
    queries: &[SearchQuery<'a>],
    words: Option<&W>,
    allowed: impl Fn() -> RoaringBitmap,
    text_of: impl Fn(u32) -> Result<String, W::Error>,
) -> Result<Vec<PreparedQuery<'a>>, W::Error> {
    let prepare = |&query: &SearchQuery<'a>| {
        let satisfying = match (query.words, words) {
            (Some(asked), Some(words)) if asked.has_conditions() => {
                Some(rows_that_satisfy(words, asked, allowed(), &text_of)?)
            }
            _ => None,
        };
        Ok(PreparedQuery { query, satisfying })
    };
    queries.iter().map(prepare).collect()
}

impl<N: NearestRows<W::Error>, W: WordStore> Ranking<'_, N, W> {
    /// The best `count` rows of each query.
    pub(crate) fn best(
        &self,
        queries: &[PreparedQuery<'_>],
        count: usize,
        limits: Limits,
    ) -> Result<Vec<Vec<RankedRow>>, W::Error> {
        let by_cosine = self.best_by_cosine(queries, count, limits.minimum)?;
        let ranked = queries.iter().zip(by_cosine).map(|(prepared, by_cosine)| {
            match (prepared.query.words, self.words) {
                (Some(query), Some(words)) => {
                    let one = OneQuery {
                        nearest: self.nearest,
                        vector: prepared.query.vector,
                        allowed: prepared.satisfying.as_ref().or(self.allowed),
                        scores: WordScores::new(words, query)?,
                        error: PhantomData,
                    };
                    let mut best = one.best(&by_cosine, count, limits)?;
                    if limits.ranks == Ranks::Counted {
                        one.count_ranks(&by_cosine, &mut best);
                    }
                    Ok(best)
                }
                _ => Ok(by_cosine.into_iter().map(|scored| RankedRow { scored, parts: None }).collect()),
            }
        });
        ranked.collect()
    }

    /// The best rows by cosine for each query that has a vector; queries over the same rows share the passes of a scan.
    fn best_by_cosine(
        &self,
        queries: &[PreparedQuery<'_>],
        count: usize,
        minimum: Option<f32>,
    ) -> Result<Vec<Vec<Scored>>, W::Error> {
        let dimension = self.nearest.dimension();
        let (mut shared, mut places) = (UnitVectors::new(dimension), Vec::new());
        let mut found = vec![Vec::new(); queries.len()];
        let has_words = |query: &SearchQuery<'_>| query.words.is_some() && self.words.is_some();
        let any_words = queries.iter().any(|prepared| has_words(&prepared.query));
        let request = ScanRequest {
            count: if any_words { count.max(LEAST_BY_COSINE) } else { count },
            minimum: minimum.filter(|_| !any_words),
            allowed: self.allowed,
        };
        for (place, prepared) in queries.iter().enumerate() {
            let Some(vector) = prepared.query.vector else { continue };
            if let Some(rows) = &prepared.satisfying {
                let request = ScanRequest { allowed: Some(rows), ..request };
                found[place] = self.nearest.best(vector, &request)?;
            } else {
                shared.push_unit(vector);
                places.push(place);
            }
        }
        let answers = self.nearest.best_of_each(shared.as_slice(), &request)?;
        for (place, answer) in places.into_iter().zip(answers) {
            found[place] = answer;
        }
        for (prepared, best) in queries.iter().zip(&mut found) {
            if any_words && !has_words(&prepared.query) {
                best.retain(|scored| minimum.is_none_or(|minimum| scored.score >= minimum));
                best.truncate(count);
            }
        }
        Ok(found)
    }
}

/// One query that has words. `E` is why rows cannot be read.
struct OneQuery<'a, N, E> {
    nearest: N,
    vector: Option<&'a [f32]>,
    allowed: Option<&'a RoaringBitmap>,
    scores: WordScores,
    error: PhantomData<E>,
}

/// Rows with similar word scores.
#[derive(Debug, Clone)]
struct Band {
    /// The highest word score of the band.
    most: f32,
    rows: RoaringBitmap,
}

/// Whether a row of this score can be among the best.
fn reaches(score: f32, best: &TopK) -> bool {
    best.threshold().is_none_or(|threshold| score >= threshold)
}

impl<N: NearestRows<E>, E> OneQuery<'_, N, E> {
    fn best(&self, by_cosine: &[Scored], count: usize, limits: Limits) -> Result<Vec<RankedRow>, E> {
        let confidence = limits.minimum_confidence.filter(|_| self.has_confidence());
        let best = match (self.vector, confidence) {
            (Some(vector), Some(confidence)) => self.best_of_confident(vector, confidence, count)?,
            (Some(vector), None) => self.best_by_both(vector, by_cosine, count)?,
            (None, _) => self.best_by_words(count),
        };
        let reaches = |scored: &Scored| limits.minimum.is_none_or(|minimum| scored.score >= minimum);
        let ranked = |scored| Ok(RankedRow { scored, parts: Some(self.parts(scored)?) });
        best.into_iter().filter(reaches).map(ranked).collect()
    }

    /// Whether hits have a confidence.
    const fn has_confidence(&self) -> bool {
        self.vector.is_some() && self.scores.texts() >= LEAST_TEXTS_OF_CONFIDENCE
    }

    /// The best of the rows whose confidence is at least `least`. A row of less confidence can have a higher score, so all rows
    /// with a high enough cosine are looked at.
    fn best_of_confident(&self, vector: &[f32], least: f32, count: usize) -> Result<Vec<Scored>, E> {
        let coverage = self.scores.matched().iter().map(|&row| self.scores.coverage(row)).fold(0.0, f32::max);
        let minimum = least_cosine(least, coverage);
        let request = ScanRequest { count: usize::MAX, minimum, allowed: self.allowed };
        let mut best = TopK::new(count);
        for scored in self.nearest.best(vector, &request)? {
            let row = scored.row.0;
            if confidence(scored.score, self.scores.coverage(row)) >= least {
                best.push(scored.score + self.scores.added(row), scored.row);
            }
        }
        Ok(best.into_sorted_vec())
    }

    fn is_allowed(&self, row: u32) -> bool {
        self.allowed.is_none_or(|allowed| allowed.contains(row))
    }

    fn best_by_words(&self, count: usize) -> Vec<Scored> {
        let mut best = TopK::new(count);
        for &row in self.scores.matched() {
            let score = self.scores.bm25(row);
            if reaches(score, &best) && self.is_allowed(row) {
                best.push(score, RowId(row));
            }
        }
        best.into_sorted_vec()
    }

    fn best_by_both(&self, vector: &[f32], by_cosine: &[Scored], count: usize) -> Result<Vec<Scored>, E> {
        let mut best = TopK::new(count);
        for scored in by_cosine {
            best.push(scored.score + self.scores.added(scored.row.0), scored.row);
        }
        let is_every_row = by_cosine.len() < count.max(LEAST_BY_COSINE);
        if let Some(last) = by_cosine.last().filter(|_| !is_every_row && count > 0) {
            for band in self.bands(last.score, by_cosine, &best) {
                if reaches(last.score + band.most, &best) {
                    best = self.add_band(&band, vector, &best)?;
                }
            }
        }
        Ok(best.into_sorted_vec())
    }

    /// The rows outside the list by cosine that can be among the best, in bands by decreasing word score. No such row
    /// has a higher cosine than `last`.
    fn bands(&self, last: f32, by_cosine: &[Scored], best: &TopK) -> Vec<Band> {
        let seen: HashSet<u32> = by_cosine.iter().map(|scored| scored.row.0).collect();
        let count = (MOST_WORDS_ADD / BAND_WIDTH) as usize + 1;
        let mut bands = vec![Band { most: 0.0, rows: RoaringBitmap::new() }; count];
        for &row in self.scores.matched() {
            let added = self.scores.added(row);
            if reaches(last + added, best) && !seen.contains(&row) && self.is_allowed(row) {
                let band = &mut bands[((MOST_WORDS_ADD - added) / BAND_WIDTH) as usize];
                band.most = band.most.max(added);
                band.rows.insert(row);
            }
        }
        bands.retain(|band| !band.rows.is_empty());
        bands
    }

    /// `best` with the rows of `band`. More rows of the band are examined, in order of cosine, until the rest cannot be
    /// among the best.
    fn add_band(&self, band: &Band, vector: &[f32], best: &TopK) -> Result<TopK, E> {
        let mut count = LEAST_BY_COSINE;
        loop {
            // Rounding of the sum could lift a row just below the threshold.
            let minimum = best.threshold().map(|threshold| threshold - band.most - ROUNDING);
            let request = ScanRequest { count, minimum, allowed: Some(&band.rows) };
            let found = self.nearest.best(vector, &request)?;
            let mut with_band = best.clone();
            for scored in &found {
                with_band.push(scored.score + self.scores.added(scored.row.0), scored.row);
            }
            let is_enough = match found.last() {
                Some(last) if found.len() == count => !reaches(last.score + band.most, &with_band),
                _ => true,
            };
            if is_enough {
                return Ok(with_band);
            }
            count = count.saturating_mul(GROWTH);
        }
    }

    fn parts(&self, scored: Scored) -> Result<ScoreParts, E> {
        let row = scored.row.0;
        let details = ScoreDetails {
            bm25: self.scores.bm25(row),
            coverage: self.scores.coverage(row),
            cosine_rank: None,
            words_rank: None,
        };
        let cosine = self.vector.map(|query| self.nearest.score(query, scored.row)).transpose()?;
        Ok(ScoreParts {
            cosine,
            words: if cosine.is_some() { self.scores.added(row) } else { details.bm25 },
            confidence: cosine
                .filter(|_| self.has_confidence())
                .map(|cosine| confidence(cosine, details.coverage)),
            details,
        })
    }

    /// Fills in the ranks of `best`, among the rows that can be hits.
    fn count_ranks(&self, by_cosine: &[Scored], best: &mut [RankedRow]) {
        let places: HashMap<RowId, usize> = by_cosine.iter().map(|scored| scored.row).zip(1..).collect();
        let matched = self.scores.matched().iter().filter(|&&row| self.is_allowed(row));
        let mut by_words: Vec<f32> = matched.map(|&row| self.scores.bm25(row)).collect();
        by_words.sort_unstable_by(|a, b| b.total_cmp(a));
        for RankedRow { scored, parts } in best {
            let Some(ScoreParts { details, .. }) = parts else { continue };
            details.cosine_rank = places.get(&scored.row).copied();
            if details.bm25 > 0.0 {
                let better = by_words.partition_point(|&bm25| bm25 > details.bm25);
                details.words_rank = Some(better + 1);
            }
        }
    }
}
