//! Analogies among all passages: king - man + woman.

use std::collections::HashSet;

use super::models::ModelMatch;
use super::{Answers, Engine, EngineError};
use crate::analysis::{Analogy, AnalogyMeasure, AnalogyOrigin};
use crate::embedding::{Role, embed_texts};
use crate::search::{Hit, Searchable, Span};
use crate::topk::{Scored, TopK};
use crate::vectors::RowId;

/// Terms to add and subtract, and how passages are judged by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalogyRequest {
    /// Texts that are added.
    pub plus: Vec<String>,
    /// Texts that are subtracted.
    pub minus: Vec<String>,
    /// How cosines with the terms become a score.
    pub measure: AnalogyMeasure,
    /// The origin from which cosines are measured.
    pub origin: AnalogyOrigin,
    /// The maximum number of answers.
    pub top_k: usize,
}

impl Engine {
    /// The passages that complete an analogy, best first, in a single list. The terms, and case-insensitive
    /// duplicates of better answers, are excluded.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoDirection`] if the terms cancel out, a refusal of the model, and failure to embed texts or to
    /// read the store.
    pub fn analogy(&self, request: &AnalogyRequest) -> Result<Answers, EngineError> {
        self.answer(
            Span::Brief,
            |model| {
                self.check_model(model, ModelMatch::Exact)?;
                let embedder = self.embedder(model)?;
                let embed = |terms: &[String]| embed_texts(&*embedder, Role::Document, terms);
                Ok((embed(&request.plus)?.vectors, embed(&request.minus)?.vectors))
            },
            |snapshot, (plus, minus)| {
                let AnalogyRequest { measure, origin, .. } = *request;
                let analogy = Analogy { plus: &plus, minus: &minus, measure, origin };
                let scores = analogy.scores(snapshot.vectors()?).map_err(|_| EngineError::NoDirection)?;
                let hits = vec![answers(request, snapshot, &scores)?];
                Ok(Answers { model: snapshot.model().name.clone(), hits, ..Answers::default() })
            },
        )
    }
}

/// Examines more and more of the best passages until enough of them are answers.
fn answers(
    request: &AnalogyRequest,
    snapshot: &dyn Searchable,
    scores: &[f32],
) -> Result<Vec<Hit>, EngineError> {
    let terms = request.plus.len() + request.minus.len();
    let mut examined = request.top_k.saturating_add(terms).saturating_mul(2);
    loop {
        let best = best_of(scores, examined);
        let answers = distinct(&best, request, snapshot)?;
        if answers.len() == request.top_k || best.len() == scores.len() {
            return Ok(answers);
        }
        examined = examined.saturating_mul(4);
    }
}

fn best_of(scores: &[f32], count: usize) -> Vec<Scored> {
    let mut best = TopK::new(count);
    for (row, &score) in (0..).zip(scores) {
        best.push(score, RowId(row));
    }
    best.into_sorted_vec()
}

/// The first of `best` that are neither a term nor equal to an earlier text, ignoring case.
fn distinct(
    best: &[Scored],
    request: &AnalogyRequest,
    snapshot: &dyn Searchable,
) -> Result<Vec<Hit>, EngineError> {
    let positions: Vec<u32> = best.iter().map(|scored| scored.row.0).collect();
    let terms = request.plus.iter().chain(&request.minus);
    let mut seen: HashSet<String> = terms.map(|term| term.to_lowercase()).collect();
    let passages = snapshot.passages(&positions)?.into_iter().zip(best);
    let new = passages.filter(|(located, _)| seen.insert(located.passage.text.to_lowercase()));
    Ok(new
        .take(request.top_k)
        .map(|(passage, scored)| Hit { score: scored.score, passage, parts: None, rerank: None })
        .collect())
}
