//! Indexes of vectors whose model is not at hand.

use crate::index::{Precision, Settings};
use crate::vectors::Dimension;

/// Begins the fingerprint of a model that is known by its name only. No digest begins like it.
const PREFIX: &str = "external:";

/// The settings of an index of vectors that a model named `name`, which is not at hand, gave. Vectors of equal names
/// count as comparable.
#[must_use]
pub fn external_settings(name: &str, dimension: Dimension) -> Settings {
    Settings {
        model: name.to_owned(),
        fingerprint: format!("{PREFIX}{name}"),
        dimension,
        pooling: "unknown".to_owned(),
        kept_dimensions: None,
        query_prefix: String::new(),
        document_prefix: String::new(),
        max_tokens: 0,
        encoder_precision: "unknown".to_owned(),
        precision: Precision::Float32,
    }
}

/// Whether the model of an index is known by its name only, so that no text can be compared with its vectors.
#[must_use]
pub fn is_external(settings: &Settings) -> bool {
    settings.fingerprint.starts_with(PREFIX)
}
