//! From a request to its answer or refusal.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, header};

use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service, Task};

/// The answer to a request with a body, which `work` computes on a thread that may wait.
pub(super) fn answer(
    service: Arc<Service>,
    request: Request,
    shape: Shape,
    work: impl FnOnce(Task<'_>, Vec<u8>) -> Result<Content, Problem> + Send + 'static,
) -> impl Future<Output = Response<Body>> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_too_long = length
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > service.limits.body as u64);
    async move {
        if is_too_long {
            return Problem::body_too_large(service.limits.body).response(shape);
        }
        let outcome = service.answer(request.into_body(), work).await;
        outcome.unwrap_or_else(|problem| problem.response(shape))
    }
}
