//! Paths of requests, and what answers them.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{get, post};

use super::access;
use super::mcp;
use super::problem::{Failure, Problem, Shape};
use super::routes::{openai, page, rerank, search, site, tei};
use super::service::Service;

/// All paths of the server.
pub(super) fn router(service: Arc<Service>) -> Router {
    let mcp = Router::new()
        .route_service("/mcp", mcp::http_service(Arc::clone(&service)))
        .layer(middleware::from_fn_with_state(Arc::clone(&service), whole_body));
    Router::new()
        .route("/search", get(search::get).post(search::post))
        .route("/documents/{*id}", get(search::document))
        .route("/status", get(site::get_status))
        .route("/health", get(|| async { StatusCode::OK }))
        .route("/metrics", get(site::metrics))
        .route("/openapi.json", get(page::openapi))
        .route("/v1/embeddings", post(openai::embeddings))
        .route("/v1/models", get(openai::models))
        .route("/v1/models/{*name}", get(openai::model))
        .route("/v1/rerank", post(rerank::cohere))
        .route("/embed", post(tei::embed))
        .route("/similarity", post(tei::similarity))
        .route("/tokenize", post(tei::tokenize))
        .route("/rerank", post(rerank::tei))
        .route("/info", get(tei::info))
        .merge(mcp)
        .route("/", get(page::page))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .method_not_allowed_fallback(|| async {
            let message = "this path does not take this method";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", message).response(Shape::OpenAi)
        })
        .fallback(|request: Request| async move {
            Problem::no_route(request.uri().path()).response(Shape::OpenAi)
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&service), access::admit))
        .layer(middleware::from_fn_with_state(Arc::clone(&service), observe))
        .with_state(service)
}

/// Passes requests on once their bodies are here, within the limits of all bodies.
async fn whole_body(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response<Body> {
    let (head, body) = request.into_parts();
    match service.receive(body, mcp::LONGEST_MESSAGE).await {
        Ok((body, _held)) => next.run(Request::from_parts(head, Body::from(body))).await,
        Err(problem) => problem.response(Shape::OpenAi),
    }
}

/// Counts the answer, and adds the headers of all answers.
async fn observe(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response<Body> {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(Failure(message)) = response.extensions().get() {
        (service.report)(&format!("{path}: {message}"));
    }
    let nosniff = header::HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    // Answers are of no use to pages of other sites that embed them.
    let own = header::HeaderValue::from_static("same-origin");
    response.headers_mut().entry("cross-origin-resource-policy").or_insert(own);
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    service.metrics.count(route, response.status().as_u16(), started.elapsed());
    response
}
