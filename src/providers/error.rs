//! Why a model of a service cannot be used.

use std::time::Duration;

use super::money::Dollars;
use crate::http::HttpError;
use crate::vectors::Dimension;

/// Why a model of a service cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The text is not the name of a model of a service.
    #[error("'{name}' names no model of a service: {problem}")]
    Name {
        /// The text.
        name: String,
        /// The problem.
        problem: &'static str,
    },
    /// The variable that replaces a service's address holds something else.
    #[error("{variable} is not the address of a service: {problem}")]
    BaseUrl {
        /// The variable.
        variable: &'static str,
        /// The problem.
        problem: &'static str,
    },
    /// The service needs a key, and there is none.
    #[error("{model} needs a key, and {variable} is not set")]
    NoKey {
        /// The model.
        model: String,
        /// The variable that the key belongs in.
        variable: &'static str,
    },
    /// The key has characters that no key has.
    #[error("{variable} has characters that are not allowed in a key")]
    InvalidKey {
        /// The variable that the key is in.
        variable: &'static str,
    },
    /// No request can be made with these settings.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The model has no vectors of this number of components.
    #[error("{model} has no vectors of dimension {requested}, only of {available}")]
    Dimensions {
        /// The model.
        model: String,
        /// The requested number.
        requested: Dimension,
        /// The numbers that can be requested.
        available: String,
    },
    /// A text is empty, which has no vector there.
    #[error("a text is empty, and {model} has no vector for it")]
    EmptyText {
        /// The model.
        model: String,
    },
    /// The service does not accept the key.
    #[error("{host} {}", if *.with_key { "does not accept the key" } else { "needs a key, and none was sent" })]
    KeyRefused {
        /// The host of the service.
        host: String,
        /// The variable that the key belongs in.
        variable: &'static str,
        /// Whether a key was sent.
        with_key: bool,
    },
    /// The service has no such model, or serves nothing at this address.
    #[error("{host} has no model {model}, or serves nothing at {path}{}", said(message))]
    NotFound {
        /// The host of the service.
        host: String,
        /// The model as requested.
        model: String,
        /// The path of the request.
        path: String,
        /// The message of the service, if it has one.
        message: String,
    },
    /// The user's credit or the agreed amount is used up.
    #[error("the quota at {host} is spent{}", said(message))]
    QuotaSpent {
        /// The host of the service.
        host: String,
        /// The message of the service, if it has one.
        message: String,
    },
    /// The service limits the rate of requests for longer than is waited.
    #[error("{host} limits the rate of requests, and asks to wait for {} s", wait.as_secs())]
    RateLimited {
        /// The host of the service.
        host: String,
        /// How long it asks to wait.
        wait: Duration,
    },
    /// The service refuses a request.
    #[error("{host} refuses the request with status {status}{}", said(message))]
    Refused {
        /// The host of the service.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The message of the service, if it has one.
        message: String,
    },
    /// The service refuses one text, because of its length.
    #[error("{host} refuses the text that begins {beginning:?}{}", said(message))]
    TextRefused {
        /// The host of the service.
        host: String,
        /// The beginning of the text.
        beginning: String,
        /// The message of the service, if it has one.
        message: String,
    },
    /// The model of an index is on a server that the user did not name.
    #[error("the index says that its model is at {host}, which gets no request unless you name it")]
    UnnamedServer {
        /// The host.
        host: String,
    },
    /// The service fails at every try.
    #[error("{host} fails with status {status}{}", said(message))]
    Failing {
        /// The host of the service.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The message of the service, if it has one.
        message: String,
    },
    /// The service redirects, which is not followed, so that no other host receives the key.
    #[error("{host} redirects to {to}, where the key is not sent")]
    Redirect {
        /// The host of the service.
        host: String,
        /// Where it redirects to.
        to: String,
    },
    /// The service cannot be reached, or closes the connection within an answer.
    #[error("cannot reach {host}{}", if *.by_proxy { " through the proxy" } else { "" })]
    Unreachable {
        /// The host of the service.
        host: String,
        /// Whether the request goes through a proxy.
        by_proxy: bool,
        /// The error of the connection.
        source: Box<ureq::Error>,
    },
    /// The service sent nothing within the time-out.
    #[error("{host} has been silent for {} s", waited.as_secs_f32())]
    TimedOut {
        /// The host of the service.
        host: String,
        /// The time-out.
        waited: Duration,
    },
    /// An answer is not what the protocol says.
    #[error("{model} at {host}: {problem}")]
    Answer {
        /// The host of the service.
        host: String,
        /// The model as requested.
        model: String,
        /// The problem.
        problem: AnswerProblem,
    },
    /// The texts would cost more than the limit.
    #[error("{model}: after {spent}, {next} more would be above the limit of {limit}")]
    TooExpensive {
        /// The model.
        model: String,
        /// What was spent in this run.
        spent: Dollars,
        /// What the next texts cost.
        next: Dollars,
        /// The limit.
        limit: Dollars,
    },
    /// There is a limit on the cost, but the price is unknown.
    #[error("the price of {model} is not known, so its cost cannot be limited")]
    NoPrice {
        /// The model.
        model: String,
    },
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerProblem {
    /// The answer is not JSON of the expected form.
    #[error("the answer is not JSON of embeddings ({problem})")]
    NotJson {
        /// The position and the problem.
        problem: String,
    },
    /// The answer is an error, in spite of its status.
    #[error("the answer is an error: {message}")]
    Error {
        /// The message of the service.
        message: String,
    },
    /// The answer is a web page.
    #[error("the answer is a web page, not JSON")]
    WebPage,
    /// The answer is longer than vectors of this number can be.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// There are fewer or more vectors than texts.
    #[error("the answer has {found} of {expected} vectors")]
    Count {
        /// The number of vectors.
        found: usize,
        /// The number of texts.
        expected: usize,
    },
    /// The indexes of the vectors are not those of the texts.
    #[error("the vector of text {missing} is missing, another is there twice")]
    Index {
        /// The first text without a vector, counted from 0.
        missing: usize,
    },
    /// A vector has another dimension.
    #[error("a vector has {found} dimensions instead of {expected}")]
    Dimension {
        /// The dimension of the vector.
        found: usize,
        /// The expected dimension.
        expected: Dimension,
    },
    /// A vector has a dimension that no index has.
    #[error("a vector has {found} dimensions")]
    NoDimension {
        /// The dimension of the vector.
        found: usize,
    },
    /// A vector has a component that is not a finite number.
    #[error("the vector of text {text} has a component that is not a finite number")]
    NotFinite {
        /// The text, counted from 0.
        text: usize,
    },
    /// All components of a vector are 0.
    #[error("the vector of text {text} has length 0")]
    NoLength {
        /// The text, counted from 0.
        text: usize,
    },
    /// Another model answers than the one that the vectors of the index came from.
    #[error("the service answers as {found:?}, but the vectors of the index are of {expected:?}")]
    OtherModel {
        /// The model that answers.
        found: String,
        /// The model that answered when the index was made.
        expected: String,
    },
}

/// The end of a message that quotes the service.
fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
