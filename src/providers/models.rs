//! What the documentation of OpenAI and Voyage says of their models.

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
}

/// The numbers of components that can be requested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Dimensions {
    /// Only the model's own.
    Fixed,
    /// Any up to the model's own.
    UpTo(usize),
    /// These.
    Among(&'static [usize]),
}

impl Dimensions {
    pub(super) fn allow(self, wanted: usize, own: usize) -> bool {
        match self {
            Self::Fixed => wanted == own,
            Self::UpTo(most) => wanted <= most,
            Self::Among(allowed) => allowed.contains(&wanted),
        }
    }
}

const fn openai(name: &'static str, dimension: usize, price: f64) -> KnownModel {
    let dimensions = Dimensions::UpTo(dimension);
    KnownModel { name, dimension, dimensions, max_tokens: 8192, request_tokens: 300_000, price }
}

const OPENAI: [KnownModel; 2] =
    [openai("text-embedding-3-small", 1536, 0.02), openai("text-embedding-3-large", 3072, 0.13)];

const NESTED: Dimensions = Dimensions::Among(&[256, 512, 1024, 2048]);

const fn voyage(
    name: &'static str,
    dimension: usize,
    dimensions: Dimensions,
    request_tokens: usize,
    price: f64,
) -> KnownModel {
    KnownModel { name, dimension, dimensions, max_tokens: 32_000, request_tokens, price }
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
