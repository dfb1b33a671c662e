//! Why a request is refused or fails, and how each protocol says so: the one place that decides statuses.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::model_name::public_name;
use crate::engine::{EmbedError, EngineError, FilterError, IndexError, UnknownConfidence};

/// A refusal or failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// A word for programs.
    pub(super) code: &'static str,
    /// A sentence for people.
    pub(super) message: String,
    /// The cause of a failure, for the operator alone: it can name paths of the server.
    pub(super) detail: Option<String>,
    /// The field of the request that is at fault.
    pub(super) field: Option<Cow<'static, str>>,
}

/// Goes with the answer to a request that failed by a fault of the server: the message.
#[derive(Debug, Clone)]
pub(super) struct Failure(pub(super) String);

/// How a protocol writes a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{"error": {"message", "type", "code", "param"}}`.
    OpenAi,
    /// `{"error", "error_type"}`, with the statuses 422 for 400 and 424 for 500.
    Tei,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: None, field: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_value", message)
    }

    /// The problem lies in `field`.
    pub(super) fn of(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    pub(super) fn busy() -> Self {
        let message = "the server is busy: try again in a second";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "busy", message)
    }

    pub(super) fn body_too_large(most: usize) -> Self {
        let message = format!("the body has more than {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    /// More texts or tokens than a request may have.
    pub(super) fn too_much(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_much", message)
    }

    pub(super) fn slow_body() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow_body", "the body did not arrive in time")
    }

    pub(super) fn slow_answer() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the answer took too long: ask for less at a time",
        )
    }

    /// The client went away, or the time is over.
    pub(super) fn cancelled() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "cancelled", "the request is no longer wanted")
    }

    /// A fault of the server; its operator gets `detail`.
    pub(super) fn failed(detail: impl Into<String>) -> Self {
        let message = "the server failed: its standard error says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", message).with_detail(detail)
    }

    fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    pub(super) fn of_filter(error: &FilterError) -> Self {
        Self::invalid(error.to_string()).of("where")
    }

    fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(super) fn no_index(message: impl Into<String>) -> Self {
        Self::not_found("no_index", message).of("index")
    }

    pub(super) fn no_model(message: impl Into<String>) -> Self {
        Self::not_found("model_not_found", message).of("model")
    }

    pub(super) fn no_route(path: &str) -> Self {
        Self::not_found("no_route", format!("there is nothing at {path}"))
    }

    pub(super) fn response(&self, shape: Shape) -> Response<Body> {
        let body = match shape {
            Shape::OpenAi => json!({"error": {
                "message": self.message,
                "type": self.openai_type(),
                "code": self.code,
                "param": self.field,
            }}),
            Shape::Tei => json!({"error": self.message, "error_type": self.tei_type()}),
        };
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = match (shape, self.status) {
            (Shape::Tei, StatusCode::BAD_REQUEST) => StatusCode::UNPROCESSABLE_ENTITY,
            (Shape::Tei, StatusCode::INTERNAL_SERVER_ERROR) => StatusCode::FAILED_DEPENDENCY,
            (_, status) => status,
        };
        if let Some(detail) = &self.detail {
            response.extensions_mut().insert(Failure(detail.clone()));
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }

    fn openai_type(&self) -> &'static str {
        match self.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn tei_type(&self) -> &'static str {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => "Overloaded",
            StatusCode::FAILED_DEPENDENCY => "Backend",
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "Unauthorized",
            status if status.is_server_error() => "Backend",
            _ if self.code == "empty" => "Empty",
            _ => "Validation",
        }
    }
}

impl From<EmbedError> for Problem {
    fn from(error: EmbedError) -> Self {
        Self::failed(format!("the text could not be embedded: {error}"))
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::UnknownId { .. } => Self::not_found("unknown_id", message),
            EngineError::Index(IndexError::Busy { .. } | IndexError::Missing { .. }) => {
                let plain = "the index cannot be read at the moment";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "index", plain).with_detail(message)
            }
            EngineError::UnknownConfidence(UnknownConfidence::OtherModel { model }) => {
                let model = public_name(&model).to_owned();
                Self::invalid(
                    EngineError::UnknownConfidence(UnknownConfidence::OtherModel { model }).to_string(),
                )
            }
            EngineError::WordsOfVectors
            | EngineError::UnknownConfidence(_)
            | EngineError::NoDirection
            | EngineError::OtherDimension { .. }
            | EngineError::Corpus(_) => Self::invalid(message),
            EngineError::OtherModel(_) | EngineError::ExternalModel { .. } => {
                let plain = "the model of the index is not the one that is served, or cannot be run here";
                Self::new(StatusCode::CONFLICT, "model_of_index", plain).with_detail(message)
            }
            EngineError::NoWords { .. } => Self::invalid(
                "the index has no words: an older version made it; run 'embed index' to add them",
            ),
            EngineError::Embed(error) => error.into(),
            _ => Self::failed(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_word_that_each_protocol_has_for_it() {
        let kinds = |status| {
            let problem = Problem::new(status, "code", "message");
            (problem.openai_type(), problem.tei_type())
        };
        assert_eq!(kinds(StatusCode::UNAUTHORIZED), ("authentication_error", "Unauthorized"));
        assert_eq!(kinds(StatusCode::TOO_MANY_REQUESTS), ("rate_limit_error", "Overloaded"));
        assert_eq!(kinds(StatusCode::BAD_REQUEST), ("invalid_request_error", "Validation"));
        assert_eq!(kinds(StatusCode::PAYLOAD_TOO_LARGE), ("invalid_request_error", "Validation"));
        assert_eq!(kinds(StatusCode::INTERNAL_SERVER_ERROR), ("server_error", "Backend"));
    }

    #[test]
    fn a_busy_server_says_when_to_try_again() {
        let response = Problem::busy().response(Shape::OpenAi);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }
}
