//! The identity of a model: what decides whether two sets of vectors are comparable.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The identity of a model: vectors of equal identities are comparable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Vectors of a model whose files are known.
    Computed(Fingerprint),
    /// Vectors of a service, whose model cannot be inspected.
    Served(Box<ServedIdentity>),
    /// Vectors computed by another program: equal names count as one model.
    External {
        /// The user's name for the model.
        name: String,
    },
}

/// Everything known of a model of a service that decides a document's vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServedIdentity {
    /// The host of the service in lower case, without its port and path: the same server can move between those.
    pub host: String,
    /// The dialect of its requests, such as `openai`.
    pub provider: String,
    /// The model as requested.
    pub model: String,
    /// The model as the service names it in its answers. It differs from an alias that was requested.
    pub answers_as: String,
    /// The number of components of a vector of the service.
    pub dimension: usize,
    /// The number of components that are kept, if not all.
    pub kept: Option<usize>,
    /// What the service is told of the side of a text, such as `query/document`; none if it is told nothing.
    pub input_types: Option<String>,
    /// Put before every document.
    pub document_prefix: String,
}

impl fmt::Display for ServedIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, provider: _, model, answers_as, dimension, kept, input_types, document_prefix } =
            self;
        write!(formatter, "{dimension} dimensions of {host}")?;
        if let Some(kept) = kept {
            write!(formatter, ", the first {kept} kept")?;
        }
        if answers_as != model {
            write!(formatter, ", answered by {answers_as}")?;
        }
        if let Some(types) = input_types {
            write!(formatter, ", input types {types}")?;
        }
        if !document_prefix.is_empty() {
            write!(formatter, ", document prefix {document_prefix:?}")?;
        }
        Ok(())
    }
}

/// Begins the stored form of an external model. No hexadecimal digest begins with it.
const EXTERNAL: &str = "external:";

/// Begins the stored form of a model of a service, which is JSON.
const SERVED: &str = "served:";

impl Identity {
    /// Reads the form that [`fmt::Display`] writes, which is also the form in the catalog.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(name) = text.strip_prefix(EXTERNAL) {
            return Self::External { name: name.to_owned() };
        }
        match text.strip_prefix(SERVED).map(serde_json::from_str) {
            Some(Ok(served)) => Self::Served(Box::new(served)),
            // A text of neither form equals no model.
            Some(Err(_)) | None => Self::Computed(Fingerprint::from_hex(text.to_owned())),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Computed(fingerprint) => formatter.write_str(fingerprint.as_hex()),
            Self::Served(served) => {
                let json = serde_json::to_string(served).map_err(|_| fmt::Error)?;
                write!(formatter, "{SERVED}{json}")
            }
            Self::External { name } => write!(formatter, "{EXTERNAL}{name}"),
        }
    }
}

/// A SHA-256 over everything that decides a document's vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// A fingerprint of 64 hexadecimal digits, as computed or as read back from an index.
    #[must_use]
    pub const fn from_hex(hex: String) -> Self {
        Self(hex)
    }

    /// All 64 hexadecimal digits.
    #[must_use]
    pub fn as_hex(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, enough to tell models apart in a message.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_reads_back_from_its_stored_form() {
        let computed = Identity::Computed(Fingerprint::from_hex("ab".repeat(32)));
        let external = Identity::External { name: "voyage:3".to_owned() };
        assert_eq!(computed.to_string(), "ab".repeat(32));
        assert_eq!(external.to_string(), "external:voyage:3");
        let served = Identity::Served(Box::new(ServedIdentity {
            host: "api.voyageai.com".to_owned(),
            provider: "voyage".to_owned(),
            model: "voyage-3".to_owned(),
            answers_as: "voyage-3".to_owned(),
            dimension: 1024,
            kept: None,
            input_types: Some("query/document".to_owned()),
            document_prefix: "\"\n".to_owned(),
        }));
        for identity in [computed, external, served] {
            assert_eq!(Identity::parse(&identity.to_string()), identity);
        }
    }
}
