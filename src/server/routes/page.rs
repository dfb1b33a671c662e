//! The page, and the description of the server for programs.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};

/// The page loads nothing from elsewhere, and what it shows runs nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(in crate::server) async fn page() -> Response<Body> {
    file("text/html; charset=utf-8", include_str!("../page/index.html"))
}

pub(in crate::server) async fn style() -> Response<Body> {
    file("text/css; charset=utf-8", include_str!("../page/page.css"))
}

pub(in crate::server) async fn script() -> Response<Body> {
    file("text/javascript; charset=utf-8", include_str!("../page/page.js"))
}

pub(in crate::server) async fn openapi() -> Response<Body> {
    file("application/json", include_str!("../openapi.json"))
}

fn file(kind: &'static str, text: &'static str) -> Response<Body> {
    let pairs: [(HeaderName, &str); 4] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let mut response = Response::new(Body::from(text));
    let headers: HeaderMap =
        pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
    *response.headers_mut() = headers;
    response
}
