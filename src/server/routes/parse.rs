//! From bodies and query strings to values.

use std::str::FromStr;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::server::problem::Problem;

/// One value or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
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

/// The value of a body in JSON.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let message = if error.is_data() {
            let reason = ["usize", "u32"].iter().fold(error.to_string(), |reason, kind| {
                reason.replace(&format!("expected {kind}"), "expected a whole number")
            });
            format!("the body does not have the expected fields: {reason}")
        } else {
            format!("the body is not JSON: {error}")
        };
        Problem::invalid(message)
    })
}

/// The value of a parameter of a query string.
pub(super) fn parameter<T: FromStr>(name: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("{name} cannot be {text:?}")).of(name))
}
