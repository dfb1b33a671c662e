//! One model at one address: its limits, and its answers.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::answer::Answer;
use super::client::{Body, Client, Failure};
use super::error::ProviderError;
use super::ledger::Ledger;
use super::money::Price;
use super::name::ServedName;
use super::packing::Limits;
use super::request::{Encoding, Request};
use super::tokens::TokenCounter;
use crate::embedding::Role;
use crate::http::host;

/// Bytes of a component in the longest form that an answer can have.
const LONGEST_COMPONENT: u64 = 32;

/// Bytes of an answer besides the components: for each vector, and for the whole.
const REST_OF_VECTOR: u64 = 1 << 10;
const REST_OF_ANSWER: u64 = 64 << 10;

/// Where vectors come from, before anything is known of them.
#[derive(Debug)]
pub(super) struct ServedSource {
    pub(super) name: ServedName,
    pub(super) client: Client,
    pub(super) limits: Limits,
    /// The longest text in tokens, if it is known.
    pub(super) max_tokens: Option<usize>,
    /// The number of components that is requested of the service.
    pub(super) dimensions: Option<usize>,
    pub(super) counter: TokenCounter,
    pub(super) price: Option<Price>,
    pub(super) concurrency: NonZeroUsize,
    pub(super) ledger: Arc<Ledger>,
    /// The most texts of a request, as refusals have shown.
    pub(super) most_texts: AtomicUsize,
    /// Whether the server knows only numbers.
    pub(super) sends_numbers: AtomicBool,
    /// Why no request can be made, if that is known: counting tokens needs no key.
    pub(super) obstacle: Option<Obstacle>,
}

/// Why no request can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The service needs a key, which belongs in this variable.
    NoKey { variable: &'static str },
    /// Only an index names the server.
    Unnamed,
}

impl ServedSource {
    /// The limits of a request, as far as they are known by now.
    pub(super) fn current_limits(&self) -> Limits {
        Limits {
            texts: self.limits.texts.min(self.most_texts.load(Ordering::Relaxed)).max(1),
            tokens: self.limits.tokens.min(self.client.most_tokens().unwrap_or(usize::MAX)),
            ..self.limits
        }
    }

    /// One request: the answer, whose vectors have at most `components` components, and its tokens.
    pub(super) fn ask(
        &self,
        role: Role,
        texts: &[&str],
        tokens: usize,
        components: usize,
        is_cancelled: &AtomicBool,
    ) -> Result<(Answer, u64), Failure> {
        self.check_access().map_err(Failure::Error)?;
        let of_vector = components as u64 * LONGEST_COMPONENT + REST_OF_VECTOR;
        let longest_answer = REST_OF_ANSWER + texts.len() as u64 * of_vector;
        let send = |encoding| {
            let ServedName { provider, model } = &self.name;
            let json = Request::new(provider, model, role, texts, self.dimensions, encoding).to_json();
            self.client.send(Body { json: &json, tokens, longest_answer }, is_cancelled)
        };
        let body = if self.sends_numbers.load(Ordering::Relaxed) {
            send(Encoding::Numbers)?
        } else {
            match send(Encoding::Base64) {
                Err(Failure::Error(error)) if is_of_encoding(&error) => {
                    self.sends_numbers.store(true, Ordering::Relaxed);
                    send(Encoding::Numbers)?
                }
                outcome => outcome?,
            }
        };
        let answer = Answer::read(&body).map_err(|problem| Failure::Error(self.client.wrong(problem)))?;
        let tokens = answer.tokens().unwrap_or(tokens as u64);
        self.ledger.add(&self.name.to_string(), texts.len() as u64, tokens, self.price);
        Ok((answer, tokens))
    }

    fn check_access(&self) -> Result<(), ProviderError> {
        match self.obstacle {
            None => Ok(()),
            Some(Obstacle::NoKey { variable }) => {
                Err(ProviderError::NoKey { model: self.name.to_string(), variable })
            }
            Some(Obstacle::Unnamed) => {
                Err(ProviderError::UnnamedServer { host: host(self.client.address()) })
            }
        }
    }
}

/// Whether a server refuses the form in which components are requested.
fn is_of_encoding(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Refused { status: 400 | 422, message, .. }
        if message.contains("encoding_format") || message.contains("base64"))
}
