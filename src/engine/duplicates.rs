//! Near-duplicates among all passages.

use std::collections::HashMap;
use std::convert::Infallible;

use super::models::ModelMatch;
use super::unknown::{UnknownTexts, Vocabulary};
use super::{Engine, EngineError};
use crate::analysis::{Groups, Pair, choose_threshold, find_pairs};
use crate::scan::Rows;
use crate::search::{LocatedPassage, Searchable, Span};
use crate::simd::InstructionSet;
use crate::vectors::RowId;

/// The number of passages to fetch at a time.
const PORTION: usize = 1024;

/// The near-duplicates of one snapshot.
pub struct Duplicates<'a> {
    snapshot: &'a dyn Searchable,
    rows: Rows<'a>,
    /// The lowest score of two duplicates.
    pub threshold: f32,
    /// Texts that are duplicates only of identical texts.
    unknown: UnknownTexts,
    vocabulary: Vocabulary,
}

impl Engine {
    /// Passes the near-duplicates to `list`: passages that score at least `threshold` with one another. Without a
    /// threshold, one is chosen from the scores ([`choose_threshold`]). A text that is mostly outside the vocabulary of
    /// the model is a duplicate of identical texts only.
    ///
    /// # Errors
    ///
    /// A refusal of the model, an error of `list`, and failure to read the store.
    pub fn duplicates<T, E: From<EngineError>>(
        &self,
        threshold: Option<f32>,
        list: impl FnOnce(&Duplicates<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.answer(
            Span::Lasting,
            |model| {
                self.check_model(model, ModelMatch::Exact)?;
                Ok(self.vocabulary(model)?)
            },
            |snapshot, vocabulary| {
                let rows = snapshot.vectors().map_err(EngineError::from)?;
                let threshold = threshold.unwrap_or_else(|| choose_threshold(rows));
                let unknown = UnknownTexts::of(snapshot, &vocabulary).map_err(EngineError::from)?;
                list(&Duplicates { snapshot, rows, threshold, unknown, vocabulary })
            },
        )
    }

    /// Checks that the requested model is that of the vectors, then passes a snapshot to `answer`.
    pub(super) fn analyze<T, E: From<EngineError>>(
        &self,
        answer: impl FnOnce(&dyn Searchable) -> Result<T, E>,
    ) -> Result<T, E> {
        let check = |model: &_| Ok(self.check_model(model, ModelMatch::Exact)?);
        self.answer(Span::Lasting, check, |snapshot, ()| answer(snapshot))
    }
}

impl Duplicates<'_> {
    /// The name of the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.snapshot.model().name
    }

    /// The number of passages that are compared.
    #[must_use]
    pub fn passage_count(&self) -> usize {
        self.rows.len()
    }

    /// The number of texts that are mostly outside the vocabulary, and so duplicates of identical texts only; `None` if
    /// the model is not available.
    #[must_use]
    pub fn mostly_unknown_count(&self) -> Option<usize> {
        (!matches!(self.vocabulary, Vocabulary::Unavailable)).then(|| self.unknown.len())
    }

    /// Passes every pair of duplicates to `take`, in the order of the passages.
    ///
    /// # Errors
    ///
    /// An error of `take`, and failure to read the store.
    pub fn for_each_pair<E: From<EngineError>>(
        &self,
        mut take: impl FnMut(f32, &LocatedPassage, &LocatedPassage) -> Result<(), E>,
    ) -> Result<(), E> {
        self.for_each_row_pair(|pairs| {
            let mut positions: Vec<u32> = pairs.iter().flat_map(|pair| [pair.first, pair.second]).collect();
            positions.sort_unstable();
            positions.dedup();
            let passages = self.snapshot.passages(&positions).map_err(EngineError::from)?;
            let passages: HashMap<u32, LocatedPassage> = positions.into_iter().zip(passages).collect();
            for &Pair { first, second, score } in pairs {
                take(score, &passages[&first], &passages[&second])?;
            }
            Ok(())
        })
    }

    /// Passes every passage of every group of duplicates to `take`: the group's number from 1, the score with the first
    /// passage of the group, and the passage.
    ///
    /// # Errors
    ///
    /// As [`Duplicates::for_each_pair`].
    pub fn for_each_grouped<E: From<EngineError>>(
        &self,
        mut take: impl FnMut(usize, f32, &LocatedPassage) -> Result<(), E>,
    ) -> Result<(), E> {
        let kernel = InstructionSet::best();
        for (group, positions) in (1..).zip(self.groups().of_several()) {
            let first = self.rows.row(RowId(positions[0]));
            let passages = self.snapshot.passages(&positions).map_err(EngineError::from)?;
            for (&position, passage) in positions.iter().zip(&passages) {
                take(group, kernel.dot(first, self.rows.row(RowId(position))), passage)?;
            }
        }
        Ok(())
    }

    /// Passes all passages except later duplicates to `take`: of each group, the first one.
    ///
    /// # Errors
    ///
    /// As [`Duplicates::for_each_pair`].
    pub fn for_each_kept<E: From<EngineError>>(
        &self,
        mut take: impl FnMut(&LocatedPassage) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut groups = self.groups();
        for_each_passage(self.snapshot, self.passage_count(), |position, passage| {
            if groups.first_of(position) == position { take(passage) } else { Ok(()) }
        })
    }

    fn groups(&self) -> Groups {
        let mut groups = Groups::new(self.passage_count());
        let Ok(()) = self.for_each_row_pair(|pairs| {
            for &pair in pairs {
                groups.join(pair);
            }
            Ok::<_, Infallible>(())
        });
        groups
    }

    fn for_each_row_pair<E>(&self, mut take: impl FnMut(&[Pair]) -> Result<(), E>) -> Result<(), E> {
        find_pairs(self.rows, self.threshold, |pairs| {
            let comparable = |pair: &&Pair| self.unknown.are_comparable(pair.first, pair.second);
            take(&pairs.iter().filter(comparable).copied().collect::<Vec<Pair>>())
        })
    }
}

/// Passes all passages, `count` of them, to `take`, in order, in portions.
pub(super) fn for_each_passage<E: From<EngineError>>(
    snapshot: &dyn Searchable,
    count: usize,
    mut take: impl FnMut(u32, &LocatedPassage) -> Result<(), E>,
) -> Result<(), E> {
    let positions: Vec<u32> = (0..count as u32).collect();
    for portion in positions.chunks(PORTION) {
        let passages = snapshot.passages(portion).map_err(EngineError::from)?;
        for (&position, passage) in portion.iter().zip(&passages) {
            take(position, passage)?;
        }
    }
    Ok(())
}
