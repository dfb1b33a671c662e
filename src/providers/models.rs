//! What the documentation of OpenAI and Voyage says of their models.

use std::fmt;

use super::name::Provider;
use super::packing::Limits;

/// A documented model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct KnownModel {
    pub(super) name: &'static str,
    /// The components of a vector, unless others are requested.
    pub(super) dimension: usize,
    /// The other numbers of components that can be requested.
    pub(super) dimensions: Dimensions,
    /// The longest text, in tokens.
    pub(super) max_tokens: usize,
    /// The most tokens of a request.
    pub(super) request_tokens: usize,
    /// Dollars for a million tokens.
    pub(super) price: f64,
    /// Whether its service answers under the same name.
    pub(super) is_no_alias: bool,
}

/// The numbers of components that can be requested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Dimensions {
    /// Only the default.
    Fixed,
    /// Any up to this one.
    UpTo(usize),
    /// These.
    Among(&'static [usize]),
}

impl fmt::Display for Dimensions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed => formatter.write_str("the default"),
            Self::UpTo(most) => write!(formatter, "1 to {most}"),
            Self::Among(allowed) => {
                let allowed: Vec<String> = allowed.iter().map(usize::to_string).collect();
                formatter.write_str(&allowed.join(", "))
            }
        }
    }
}

impl Dimensions {
    pub(super) fn allow(self, requested: usize, default: usize) -> bool {
        match self {
            Self::Fixed => requested == default,
            Self::UpTo(most) => requested <= most,
            Self::Among(allowed) => allowed.contains(&requested),
        }
    }
}

const fn openai(name: &'static str, dimension: usize, price: f64) -> KnownModel {
    let dimensions = Dimensions::UpTo(dimension);
    KnownModel {
        name,
        dimension,
        dimensions,
        max_tokens: 8192,
        request_tokens: 300_000,
        price,
        is_no_alias: true,
    }
}

const OPENAI: [KnownModel; 3] = [
    openai("text-embedding-3-small", 1536, 0.02),
    openai("text-embedding-3-large", 3072, 0.13),
    KnownModel {
        dimensions: Dimensions::Fixed,
        is_no_alias: false,
        ..openai("text-embedding-ada-002", 1536, 0.1)
    },
];

const NESTED: Dimensions = Dimensions::Among(&[256, 512, 1024, 2048]);

const fn voyage(
    name: &'static str,
    dimension: usize,
    dimensions: Dimensions,
    request_tokens: usize,
    price: f64,
) -> KnownModel {
    let (max_tokens, is_no_alias) = (32_000, true);
    KnownModel { name, dimension, dimensions, max_tokens, request_tokens, price, is_no_alias }
}

const VOYAGE: [KnownModel; 9] = [
    voyage("voyage-3", 1024, Dimensions::Fixed, 320_000, 0.06),
    voyage("voyage-3-lite", 512, Dimensions::Fixed, 1_000_000, 0.02),
    voyage("voyage-3.5", 1024, NESTED, 320_000, 0.06),
    voyage("voyage-3.5-lite", 1024, NESTED, 1_000_000, 0.02),
    voyage("voyage-3-large", 1024, NESTED, 120_000, 0.18),
    voyage("voyage-code-3", 1024, NESTED, 120_000, 0.18),
    voyage("voyage-4-large", 1024, NESTED, 120_000, 0.12),
    voyage("voyage-4", 1024, NESTED, 320_000, 0.06),
    voyage("voyage-4-lite", 1024, NESTED, 1_000_000, 0.02),
];

/// What is known of the model `name` of `provider`.
pub(super) fn known_model(provider: &Provider, name: &str) -> Option<KnownModel> {
    let models: &[KnownModel] = match provider {
        Provider::OpenAi => &OPENAI,
        Provider::Voyage => &VOYAGE,
        Provider::Endpoint(_) => &[],
    };
    models.iter().find(|model| model.name == name).copied()
}

/// Bytes of text in a request. Tokens are the limit of texts in words; this bounds the body for all others.
const REQUEST_BYTES: usize = 8 << 20;

/// The limits of a request to `provider` for the model `known`, if it is one.
pub(super) fn request_limits(provider: &Provider, known: Option<&KnownModel>) -> Limits {
    let (texts, tokens) = match provider {
        Provider::OpenAi => (2048, 300_000),
        // The smallest limit of any model.
        Provider::Voyage => (1000, 120_000),
        // A server on a CPU takes seconds for these, and some servers limit the texts.
        Provider::Endpoint(_) => (256, 16_000),
    };
    Limits { texts, tokens: known.map_or(tokens, |model| model.request_tokens), bytes: REQUEST_BYTES }
}
