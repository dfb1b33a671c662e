//! From bodies and query strings to values.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::server::problem::Problem;

/// One text or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(in crate::server) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(in crate::server) fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// The value of a body: an object in JSON.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    match body.trim_ascii_start().first() {
        None => Err(Problem::invalid("the body is empty: send an object in JSON")),
        Some(b'{') => {
            let mut body = serde_json::Deserializer::from_slice(body);
            let value = fields(&mut body)?;
            body.end().map_err(|error| Problem::invalid(format!("the body is not JSON: {error}")))?;
            Ok(value)
        }
        Some(_) => match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
            Ok(_) => Err(Problem::invalid("the body is not an object in JSON")),
            Err(error) => Err(Problem::invalid(format!("the body is not JSON: {error}"))),
        },
    }
}

/// The value of an object in JSON.
pub(in crate::server) fn object<T: DeserializeOwned>(object: Value) -> Result<T, Problem> {
    fields(object)
}

/// A refusal names the field at fault.
fn fields<'a, T: DeserializeOwned>(
    deserializer: impl Deserializer<'a, Error = serde_json::Error>,
) -> Result<T, Problem> {
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if !error.is_data() {
            return Problem::invalid(format!("the body is not JSON: {error}"));
        }
        let reason = plain_reason(&error);
        if path == "." {
            return Problem::invalid(reason);
        }
        let field = path.split(['.', '[']).next().unwrap_or_default().to_owned();
        Problem::invalid(format!("{path}: {reason}")).of(field)
    })
}

/// The reason without its place in the body and without types of Rust.
fn plain_reason(error: &serde_json::Error) -> String {
    let reason = error.to_string();
    let reason = reason.split(" at line ").next().unwrap_or_default();
    let whole = ["usize", "u32", "u64", "a nonzero usize"].map(|kind| (kind, "a whole number"));
    let words = [
        ("f32", "a number"),
        ("f64", "a number"),
        ("a sequence", "a list"),
        ("sequence", "list"),
        ("map", "object"),
    ];
    whole.into_iter().chain(words).fold(reason.to_owned(), |reason, (kind, plain)| {
        let of = |kind: &str| [format!("expected {kind}"), format!("invalid type: {kind}")];
        let ([expected, found], [plain_expected, plain_found]) = (of(kind), of(plain));
        reason.replace(&expected, &plain_expected).replace(&found, &plain_found)
    })
}

/// The value of a parameter of a query string.
pub(super) fn parameter<T: FromStr>(name: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("{name} cannot be {text:?}")).of(name))
}
