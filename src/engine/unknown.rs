//! Texts that are mostly outside the vocabulary of their model.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Engine, EngineError};
use crate::embedding::{Embedder, ModelDescription, can_be_mostly_unknown};
use crate::index::TextHash;
use crate::search::{SearchError, Searchable, Span};

/// The vocabulary for telling known texts from unknown ones, if it is needed.
pub(super) enum Vocabulary {
    /// Not needed: no text can be mostly unknown.
    NotNeeded,
    /// The model.
    OfModel(Arc<dyn Embedder>),
    /// The model is needed but not available.
    Unavailable,
}

/// The texts of one snapshot that are mostly outside the vocabulary, by position.
#[derive(Debug, Default)]
pub(super) struct UnknownTexts(HashMap<u32, TextHash>);

impl Engine {
    /// The vocabulary that tells which texts have uninformative vectors of `model`. Vectors alone do not tell: those of
    /// unknown texts are close but not equal, and so are those of paraphrases. So the model is loaded, but only if a
    /// text has many characters outside ASCII. It is never fetched: commands on stored vectors must work without their
    /// model.
    pub(super) fn vocabulary(&self, model: &ModelDescription) -> Result<Vocabulary, EngineError> {
        let is_needed = self.with_snapshot(Span::Lasting, |snapshot| {
            let mut is_needed = false;
            snapshot.for_each_text(&mut |_, text| is_needed |= can_be_mostly_unknown(text))?;
            Ok::<_, EngineError>(is_needed)
        })?;
        if !is_needed {
            return Ok(Vocabulary::NotNeeded);
        }
        // The reason is irrelevant: the command works without the model.
        let embedder = if self.can_embed(model) { self.embedder(model).ok() } else { None };
        Ok(embedder.map_or(Vocabulary::Unavailable, Vocabulary::OfModel))
    }
}

impl UnknownTexts {
    /// The unknown texts of `snapshot`; none if the vocabulary is unavailable.
    pub(super) fn of(snapshot: &dyn Searchable, vocabulary: &Vocabulary) -> Result<Self, SearchError> {
        let mut unknown = HashMap::new();
        if let Vocabulary::OfModel(embedder) = vocabulary {
            snapshot.for_each_text(&mut |position, text| {
                if embedder.is_mostly_unknown(text) {
                    unknown.insert(position, TextHash::of(text));
                }
            })?;
        }
        Ok(Self(unknown))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the similarity of the texts at two positions is meaningful: both are known, or they are identical.
    pub(super) fn are_comparable(&self, first: u32, second: u32) -> bool {
        self.0.is_empty() || self.0.get(&first) == self.0.get(&second)
    }
}
