//! Names of models of services: `openai:MODEL`, `voyage:MODEL` and `URL#MODEL`.

use std::fmt;

use ureq::http::Uri;
use ureq::http::uri::Authority;

use super::error::ProviderError;

/// A model of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedName {
    /// The service.
    pub provider: Provider,
    /// The name of the model there.
    pub model: String,
}

/// A service, by the dialect of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// OpenAI, or the server that takes its place.
    OpenAi,
    /// Voyage AI, or the server that takes its place.
    Voyage,
    /// A server that speaks OpenAI's protocol, by its URL as it was typed.
    Endpoint(String),
}

impl ServedName {
    /// Reads the name of a model of a service; `None` if `name` is not of that form.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Name`].
    pub fn parse(name: &str) -> Result<Option<Self>, ProviderError> {
        let refused = |problem| ProviderError::Name { name: without_secrets(name), problem };
        let (provider, model) = if let Some(model) = name.strip_prefix("openai:") {
            (Provider::OpenAi, model)
        } else if let Some(model) = name.strip_prefix("voyage:") {
            (Provider::Voyage, model)
        } else if name.contains("://") {
            let (url, model) =
                name.split_once('#').ok_or_else(|| refused("it has no '#' with a model after it"))?;
            check_url(url).map_err(refused)?;
            (Provider::Endpoint(url.to_owned()), model)
        } else {
            return Ok(None);
        };
        if model.trim().is_empty() {
            return Err(refused("no model is named"));
        }
        Ok(Some(Self { provider, model: model.to_owned() }))
    }
}

impl fmt::Display for ServedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, model } = self;
        match provider {
            Provider::OpenAi => write!(formatter, "openai:{model}"),
            Provider::Voyage => write!(formatter, "voyage:{model}"),
            Provider::Endpoint(url) => write!(formatter, "{url}#{model}"),
        }
    }
}

/// Checks the URL of a server. It is stored in indexes and shown in messages, so it may hold no secret.
pub(super) fn check_url(url: &str) -> Result<Uri, &'static str> {
    let address: Uri = url.parse().map_err(|_| "it is not a URL")?;
    let authority = address.authority().map(Authority::as_str);
    match (address.scheme_str(), authority) {
        (Some("http" | "https"), Some(authority)) if !authority.contains('@') => {}
        (Some("http" | "https"), Some(_)) => return Err("a user or a password is in the URL"),
        _ => return Err("it is not a URL with http:// or https://"),
    }
    if address.query().is_some() {
        return Err("the URL has a '?'");
    }
    Ok(address)
}

/// `name` without a user, a password and a query, for messages.
fn without_secrets(name: &str) -> String {
    let name = match name.split_once('?') {
        Some((before, _)) => format!("{before}?…"),
        None => name.to_owned(),
    };
    match (name.split_once("://"), name.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_shown_alike() {
        for name in ["openai:text-embedding-3-small", "voyage:voyage-3", "http://127.0.0.1:7997/v1#org/bge"] {
            let parsed = ServedName::parse(name).expect("the name is valid").expect("it is of a service");
            assert_eq!(parsed.to_string(), name);
        }
        for local in ["BAAI/bge-small-en-v1.5", "models/openai", "./openai", "C:\\models"] {
            assert_eq!(ServedName::parse(local).expect("the name is valid"), None, "{local}");
        }
    }

    #[test]
    fn names_that_lack_a_part_or_hold_a_secret_are_refused() {
        for (name, problem) in [
            ("openai:", "no model is named"),
            ("https://host/v1", "it has no '#' with a model after it"),
            ("https://host/v1#", "no model is named"),
            ("ftp://host#m", "it is not a URL with http:// or https://"),
            ("https://host/v1?key=secret#m", "the URL has a '?'"),
            ("https://me:secret@host/v1#m", "a user or a password is in the URL"),
        ] {
            match ServedName::parse(name) {
                Err(error @ ProviderError::Name { problem: found, .. }) => {
                    assert_eq!(found, problem, "{name}");
                    assert!(!error.to_string().contains("secret"), "{error}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
