//! Models of services: OpenAI, Voyage, and any server that speaks the protocol of OpenAI's embeddings.
//!
//! [`ServedModels::embedder`] returns an [`Embedder`](crate::embedding::Embedder) whose vectors come from requests.
//! Texts are packed into requests by the limits of the service, several requests run at a time, their
//! rate follows what the service says of its limits, and failures that pass are tried again.
//!
//! | file | job |
//! | --- | --- |
//! | `name.rs`, `models.rs` | names of models, and what is known of the models of OpenAI and Voyage |
//! | `settings.rs`, `served_models.rs` | keys, limits and addresses; from a name to an embedder |
//! | `embedder.rs`, `source.rs` | texts to vectors: cut, pack, send in parallel, check, put in order |
//! | `tokens.rs`, `packing.rs` | tokens of texts, counted or estimated; texts to requests |
//! | `request.rs`, `answer.rs`, `refusal.rs` | the protocol: bodies of requests, vectors of answers, errors |
//! | `client.rs`, `pace.rs`, `waits.rs` | sending, trying again, waiting |
//! | `ledger.rs`, `money.rs` | tokens and money spent, and the limit to them |
//!
//! # Sources
//!
//! Limits, fields, errors and prices are those of <https://platform.openai.com/docs/api-reference/embeddings>,
//! <https://platform.openai.com/docs/guides/rate-limits> and <https://docs.voyageai.com/docs/embeddings>. Which
//! failures are tried again, and how soon, is as in the official Python clients `openai` and `voyageai`.
//!
//! # Invariants
//!
//! - A key is in the header of a request to the service that it is for, and nowhere else: redirects are not followed, and a
//!   message of a service that repeats the key is shown without it.
//! - A vector is used only if it has the expected dimension, finite components and a length above 0.
//! - Requests and answers are bounded in bytes.

mod answer;
mod client;
mod embedder;
mod error;
mod ledger;
mod models;
mod money;
mod name;
mod pace;
mod packing;
mod refusal;
mod request;
mod served_models;
mod settings;
mod source;
mod tokens;
mod waits;

pub use embedder::ServedEmbedder;
pub use error::{AnswerProblem, ProviderError};
pub use ledger::{Approval, Bill, Ledger, Usage};
pub use money::{Dollars, Price};
pub use name::{Provider, ServedName};
pub use served_models::ServedModels;
pub use settings::{Account, ProviderSettings};
