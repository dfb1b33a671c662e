//! Vectors of a service.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::answer::Answer;
use super::client::Failure;
use super::error::{AnswerProblem, ProviderError};
use super::packing::{Limits, Size, pack};
use super::source::ServedSource;
use super::tokens::TokenCounter;
use crate::embedding::{Batch, EmbedError, Embedded, Embedder, Input, ModelDescription, Role};
use crate::vectors::{Dimension, UnitVectors};

/// Tokens of the longest text of a model that says nothing of it: every text model in use takes as many.
const USUAL_MAX_TOKENS: usize = 512;

/// Texts and bytes that are embedded at a time: what an interruption can lose, and what memory holds.
const MOST_BATCH_TEXTS: usize = 8192;
const MOST_BATCH_BYTES: usize = 4 << 20;

/// A model of a service.
#[derive(Debug)]
pub struct ServedEmbedder {
    pub(super) description: ModelDescription,
    pub(super) source: ServedSource,
    /// The dimension of the service's vectors.
    pub(super) dimension: Dimension,
    /// The model that has to answer.
    pub(super) answers_as: String,
}

/// The texts of one call, as they are sent.
struct Texts<'a> {
    role: Role,
    contents: Vec<Cow<'a, str>>,
    sizes: Vec<Size>,
}

/// The vectors of a range of the texts.
struct Part {
    range: Range<usize>,
    vectors: UnitVectors,
    tokens: u64,
}

impl Embedder for ServedEmbedder {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn longest_document(&self) -> usize {
        let prefix = self.count_tokens(&self.description.document_prefix);
        self.source.max_tokens.unwrap_or(USUAL_MAX_TOKENS).saturating_sub(prefix).max(1)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.source.counter.count(text)
    }

    fn document_tokens(&self, text: &str) -> usize {
        let tokens = self.count_tokens(&self.description.document_prefix) + self.count_tokens(text);
        tokens.min(self.source.max_tokens.unwrap_or(usize::MAX))
    }

    fn batch(&self) -> Batch {
        let Limits { texts, tokens, .. } = self.source.limits;
        let parallel = self.source.concurrency.get();
        // A token of usual text has about four bytes.
        Batch {
            bytes: tokens.saturating_mul(4 * parallel).min(MOST_BATCH_BYTES),
            texts: texts.saturating_mul(parallel).min(MOST_BATCH_TEXTS),
        }
    }

    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let (texts, truncated) = self.prepare(role, inputs).map_err(EmbedError::new)?;
        let tokens: usize = texts.sizes.iter().map(|size| size.tokens).sum();
        let ServedSource { ledger, price, name, .. } = &self.source;
        ledger.approve(&name.to_string(), tokens as u64, *price).map_err(EmbedError::new)?;
        let parts = self.fetch_all(&texts).map_err(EmbedError::new)?;
        let mut vectors = UnitVectors::new(self.description.dimension);
        for part in &parts {
            vectors.append(&part.vectors);
        }
        let tokens = parts.iter().map(|part| part.tokens).sum::<u64>() as usize;
        Ok(Embedded { vectors, tokens, truncated })
    }
}

impl ServedEmbedder {
    /// The texts to send, with their prefix and cut to the model's limit, and how many exceed it.
    fn prepare<'a>(&self, role: Role, inputs: &'a [Input<'_>]) -> Result<(Texts<'a>, usize), ProviderError> {
        let prefix = match role {
            Role::Query => &self.description.query_prefix,
            Role::Document => &self.description.document_prefix,
        };
        let ServedSource { counter, max_tokens, .. } = self.source;
        let (mut texts, mut sizes, mut truncated) = (Vec::new(), Vec::new(), 0);
        for Input::Text(text) in inputs {
            if text.trim().is_empty() {
                return Err(ProviderError::EmptyText { model: self.description.name.clone() });
            }
            let text: Cow<'a, str> =
                if prefix.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{prefix}{text}")) };
            let mut tokens = counter.count(&text);
            // An estimate decides nothing: the service cuts texts that are too long for it.
            let text = match max_tokens {
                Some(most) if tokens > most && counter.is_exact() => {
                    truncated += 1;
                    tokens = most;
                    cut(text, counter, most)
                }
                _ => text,
            };
            sizes.push(Size { tokens, bytes: text.len() });
            texts.push(text);
        }
        Ok((Texts { role, contents: texts, sizes }, truncated))
    }

    /// The vectors of all texts, in order: requests run at the same time, and the first failure ends all.
    fn fetch_all(&self, texts: &Texts<'_>) -> Result<Vec<Part>, ProviderError> {
        let requests = pack(&texts.sizes, self.source.current_limits(), self.source.concurrency.get());
        let (next, is_cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
        let outcome = Mutex::new((Vec::new(), None));
        let lock = || outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let work = || {
            while !is_cancelled.load(Ordering::Relaxed) {
                let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                match self.fetch(texts, request.clone(), &is_cancelled) {
                    Ok(parts) => lock().0.extend(parts),
                    Err(Failure::Cancelled) => return,
                    Err(Failure::TooLarge(error) | Failure::Error(error)) => {
                        is_cancelled.store(true, Ordering::Relaxed);
                        lock().1.get_or_insert(error);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.source.concurrency.get().min(requests.len()) {
                // Without another thread, this one does all the work.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let (mut parts, error) = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = error {
            return Err(error);
        }
        parts.sort_unstable_by_key(|part: &Part| part.range.start);
        Ok(parts)
    }

    /// The vectors of the texts in `range`, by one request, or by more if the service refuses so large a one.
    fn fetch(
        &self,
        texts: &Texts<'_>,
        range: Range<usize>,
        is_cancelled: &AtomicBool,
    ) -> Result<Vec<Part>, Failure> {
        if range.len() > self.source.current_limits().texts {
            return self.fetch_halves(texts, range, is_cancelled);
        }
        let selected: Vec<&str> = texts.contents[range.clone()].iter().map(AsRef::as_ref).collect();
        let tokens = texts.sizes[range.clone()].iter().map(|size| size.tokens).sum();
        match self.source.ask(texts.role, &selected, tokens, self.dimension.get(), is_cancelled) {
            Ok(answer) => Ok(vec![self.check(answer, range).map_err(Failure::Error)?]),
            Err(Failure::TooLarge(_)) if range.len() > 1 => {
                self.source.most_texts.fetch_min(range.len().div_ceil(2), Ordering::Relaxed);
                self.fetch_halves(texts, range, is_cancelled)
            }
            Err(Failure::TooLarge(error)) => Err(Failure::Error(of_text(error, selected[0]))),
            Err(failure) => Err(failure),
        }
    }

    fn fetch_halves(
        &self,
        texts: &Texts<'_>,
        range: Range<usize>,
        is_cancelled: &AtomicBool,
    ) -> Result<Vec<Part>, Failure> {
        let middle = range.start + range.len() / 2;
        let mut parts = self.fetch(texts, range.start..middle, is_cancelled)?;
        parts.extend(self.fetch(texts, middle..range.end, is_cancelled)?);
        Ok(parts)
    }

    fn check(&self, (answer, tokens): (Answer, u64), range: Range<usize>) -> Result<Part, ProviderError> {
        let wrong = |problem| self.source.client.wrong(problem);
        if let Some(found) = answer.model.as_ref().filter(|found| **found != self.answers_as) {
            let (found, expected) = (found.clone(), self.answers_as.clone());
            return Err(wrong(AnswerProblem::OtherModel { found, expected }));
        }
        let vectors =
            answer.into_vectors(range.len(), self.dimension, self.description.dimension).map_err(wrong)?;
        Ok(Part { range, vectors, tokens })
    }
}

/// The refusal of a request for `text` alone.
fn of_text(error: ProviderError, text: &str) -> ProviderError {
    const CHARACTERS: usize = 60;
    match error {
        ProviderError::Refused { host, message, .. } => {
            ProviderError::TextRefused { host, beginning: text.chars().take(CHARACTERS).collect(), message }
        }
        error => error,
    }
}

fn cut(text: Cow<'_, str>, counter: TokenCounter, most: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => counter.cut(text, most),
        Cow::Owned(text) => Cow::Owned(counter.cut(&text, most).into_owned()),
    }
}
