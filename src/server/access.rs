//! Who may ask: keys, the names of this server, and pages of other sites.
//!
//! A web page on any site can make a browser send requests to this machine. Three headers, which no page can forge, give it away:
//! `Origin` names the page's site, `Sec-Fetch-Site` says whether it is another one, even of requests without `Origin`, such as those
//! for images, and `Host` is the name that led here. A site that lets its own name lead to this machine (DNS rebinding) has its own
//! name in `Origin` and `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, AUTHORIZATION,
    HOST, ORIGIN, VARY,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use axum::middleware::Next;
use subtle::ConstantTimeEq;

use super::problem::{Problem, Shape};
use super::service::Service;
use super::settings::Access;

/// What needs no key: the route for monitors, the description, and the page, which asks for the key.
const OPEN: [&str; 5] = ["/health", "/", "/page.css", "/page.js", "/openapi.json"];

/// Answers requests of those who may ask.
pub(super) async fn admit(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let access = &service.access;
    let origin = match access.allowed_origin(request.headers(), request.uri()) {
        Ok(origin) => origin.map(ToOwned::to_owned),
        Err(problem) => return problem.response(Shape::OpenAi),
    };
    let mut response = if request.method() == Method::OPTIONS && origin.is_some() {
        preflight(request.headers())
    } else if let Err(problem) = access.check(request.headers(), request.uri()) {
        problem.response(Shape::OpenAi)
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let readable = HeaderValue::from_static("retry-after");
        response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, readable);
        let any = HeaderValue::from_static("cross-origin");
        response.headers_mut().insert("cross-origin-resource-policy", any);
        response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// What a browser asks before a page of another site may send a request.
fn preflight(requested: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    // Clients of OpenAI's protocol add headers of their own, which are ignored.
    if let Some(names) = requested.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

impl Access {
    /// The origin of the request, if it is that of a named other site; an unnamed one is refused.
    fn allowed_origin<'a>(
        &self,
        headers: &'a HeaderMap,
        uri: &Uri,
    ) -> Result<Option<&'a HeaderValue>, Problem> {
        let Some(origin) = headers.get(ORIGIN) else {
            let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
            if matches!(site, Some(b"cross-site" | b"same-site")) && !OPEN.contains(&uri.path()) {
                let message = "pages of other sites may not ask";
                return Err(Problem::new(StatusCode::FORBIDDEN, "origin", message));
            }
            return Ok(None);
        };
        let text = origin.to_str().unwrap_or_default();
        if self.origins.iter().any(|allowed| allowed.as_str() == text) {
            return Ok(Some(origin));
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let site = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        if site.is_some() && site == host {
            return Ok(None);
        }
        let message = format!("pages of {text} may not ask: see --cors");
        Err(Problem::new(StatusCode::FORBIDDEN, "origin", message))
    }

    fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        let Some(key) = &self.key else { return self.check_host(headers, uri) };
        let given = match bearer(headers) {
            Some(given) => given,
            None => headers.get("x-api-key").map(HeaderValue::as_bytes).unwrap_or_default(),
        };
        let is_open = OPEN.contains(&uri.path());
        // Takes the same time wherever the first difference is.
        if is_open || bool::from(given.ct_eq(key.expose().as_bytes())) {
            return Ok(());
        }
        let message = if given.is_empty() {
            "a key is needed: send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'"
        } else {
            "this is not the key of the server"
        };
        Err(Problem::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message))
    }

    /// Refuses requests to a name that is not this server's. A request has one `Host`, and may name the server a second time in
    /// its target.
    fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Problem::invalid("a request has one Host"));
        };
        if self.any_host {
            return Ok(());
        }
        let is_own = |host: &str| {
            let host = without_port(host);
            is_this_machine(host)
                || self.hosts.iter().any(|allowed| allowed.as_str().eq_ignore_ascii_case(host))
        };
        let target = uri.authority().map(Authority::as_str);
        if host.to_str().is_ok_and(is_own) && target.is_none_or(is_own) {
            return Ok(());
        }
        let name = host.to_str().unwrap_or_default();
        let message = format!("{name} is not a name of the server: see --allow-host");
        Err(Problem::new(StatusCode::FORBIDDEN, "host", message))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(key)
}

/// `localhost:8737` is `localhost`, `[::1]:8737` is `::1`.
fn without_port(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split(']').next().unwrap_or_default();
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Secret;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (axum::http::HeaderName::from_static(name), value.parse().expect("a header takes it"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn without_a_key_only_names_of_this_machine_lead_here() {
        let access = Access { hosts: vec!["notes.lan".parse().expect("it is a name")], ..Access::default() };
        let search = Uri::from_static("/search");
        let allows = |host| access.check(&headers(&[("host", host)]), &search).is_ok();
        for host in ["localhost", "LOCALHOST:8737", "127.0.0.1:1", "[::1]:8737", "127.9.9.9", "notes.lan:80"]
        {
            assert!(allows(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example:8737", ""]
        {
            assert!(!allows(host), "{host}");
        }
        let own = headers(&[("host", "localhost")]);
        assert!(access.check(&own, &Uri::from_static("http://localhost/search")).is_ok());
        assert!(access.check(&own, &Uri::from_static("http://evil.example/search")).is_err());
        assert!(access.check(&headers(&[]), &search).is_err(), "HTTP needs the name of the host");
        let mut two = own.clone();
        two.append(HOST, HeaderValue::from_static("localhost"));
        assert!(access.check(&two, &search).is_err());
    }

    #[test]
    fn a_key_is_needed_once_there_is_one() {
        let access = Access { key: Some(Secret::new("k1".to_owned())), ..Access::default() };
        let allows = |pairs: &[(&'static str, &str)], path| {
            access.check(&headers(pairs), &Uri::from_static(path)).is_ok()
        };
        assert!(allows(&[("authorization", "Bearer k1"), ("host", "any.example")], "/search"));
        assert!(allows(&[("authorization", "bearer k1")], "/search"));
        assert!(allows(&[("x-api-key", "k1")], "/search"));
        assert!(allows(&[], "/health"));
        assert!(allows(&[], "/"));
        for wrong in ["Bearer k2", "Bearer ", "Bearer k1 ", "Basic k1", "k1", "é"] {
            assert!(!allows(&[("authorization", wrong)], "/search"), "{wrong}");
        }
        assert!(!allows(&[], "/search"));
        assert!(!allows(&[], "/status"));
    }

    #[test]
    fn pages_of_other_sites_may_not_ask_unless_they_are_named() {
        let access = Access {
            origins: vec!["https://notes.example".parse().expect("it is an origin")],
            ..Access::default()
        };
        let outcome = |pairs: &[(&'static str, &str)]| {
            let search = Uri::from_static("/search");
            access.allowed_origin(&headers(pairs), &search).map(|origin| origin.is_some()).map_err(|_| ())
        };
        assert_eq!(outcome(&[]), Ok(false));
        assert_eq!(outcome(&[("sec-fetch-site", "same-origin")]), Ok(false));
        assert_eq!(outcome(&[("sec-fetch-site", "none")]), Ok(false), "an address that was typed");
        assert_eq!(outcome(&[("sec-fetch-site", "cross-site")]), Err(()));
        assert_eq!(outcome(&[("sec-fetch-site", "same-site")]), Err(()), "another port of this machine");
        let link = headers(&[("sec-fetch-site", "cross-site")]);
        assert!(access.allowed_origin(&link, &Uri::from_static("/")).is_ok(), "a link to the page");
        let named = [("origin", "https://notes.example"), ("sec-fetch-site", "cross-site")];
        assert_eq!(outcome(&named), Ok(true));
        assert_eq!(outcome(&[("origin", "https://notes.example")]), Ok(true));
        assert_eq!(outcome(&[("origin", "http://localhost:8737"), ("host", "localhost:8737")]), Ok(false));
        assert_eq!(outcome(&[("origin", "http://localhost:9999"), ("host", "localhost:8737")]), Err(()));
        assert_eq!(outcome(&[("origin", "null"), ("host", "localhost:8737")]), Err(()));
        assert_eq!(outcome(&[("origin", "http://evil.example"), ("host", "localhost:8737")]), Err(()));
    }
}
