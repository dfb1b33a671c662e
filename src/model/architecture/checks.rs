//! Checks of the numbers in `config.json`, for all architectures.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::model::limits::MIN_TOKENS;
use crate::simd::Activation;
use crate::vectors::Dimension;

/// An error in `config.json`.
#[derive(Debug)]
pub(super) enum ConfigFault {
    /// It does not parse, or lacks a field.
    Json(serde_json::Error),
    /// A field, its value, and the expected value.
    Field(&'static str, String, &'static str),
}

impl From<serde_json::Error> for ConfigFault {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// Refuses sizes that no model has: 0, and those whose product would overflow.
pub(super) fn sizes(fields: &[(&'static str, usize)]) -> Result<(), ConfigFault> {
    const LARGEST: usize = 1 << 24;
    match fields.iter().find(|(_, value)| !(1..=LARGEST).contains(value)) {
        Some(&(field, value)) => Err(ConfigFault::Field(field, value.to_string(), "expected 1 to 16777216")),
        None => Ok(()),
    }
}

/// Refuses more layers than any model has: the names of all tensors are generated before the first is looked up.
pub(super) fn layers(field: &'static str, count: usize) -> Result<(), ConfigFault> {
    const MOST_LAYERS: usize = 1024;
    if (1..=MOST_LAYERS).contains(&count) {
        return Ok(());
    }
    Err(ConfigFault::Field(field, count.to_string(), "expected 1 to 1024"))
}

/// Refuses a hidden size that is not a dimension, or that the heads do not divide.
pub(super) fn hidden(hidden_size: usize, heads: usize) -> Result<(), ConfigFault> {
    if Dimension::new(hidden_size).is_none() {
        return Err(ConfigFault::Field("hidden_size", hidden_size.to_string(), "expected 1 to 65536"));
    }
    if !hidden_size.is_multiple_of(heads) {
        let expected = "which does not divide hidden_size";
        return Err(ConfigFault::Field("num_attention_heads", heads.to_string(), expected));
    }
    Ok(())
}

/// Refuses heads of odd size, since rotary positions rotate components in pairs, and more positions than any model has,
/// since no tensor of the weights bounds them.
pub(super) fn rotary(hidden_size: usize, heads: usize, positions: usize) -> Result<(), ConfigFault> {
    const MOST_POSITIONS: usize = 1 << 17;
    if !(hidden_size / heads).is_multiple_of(2) {
        let expected = "which leaves heads of an odd size";
        return Err(ConfigFault::Field("num_attention_heads", heads.to_string(), expected));
    }
    if positions > MOST_POSITIONS {
        let expected = "expected at most 131072";
        return Err(ConfigFault::Field("max_position_embeddings", positions.to_string(), expected));
    }
    Ok(())
}

/// Refuses a table of positions that is too short for any text without its `unused` rows.
pub(super) fn positions(rows: usize, unused: usize) -> Result<(), ConfigFault> {
    if rows >= unused.saturating_add(MIN_TOKENS) {
        return Ok(());
    }
    let expected = "too few for a text and its special tokens";
    Err(ConfigFault::Field("max_position_embeddings", rows.to_string(), expected))
}

/// Refuses an epsilon that is not a small addend of a variance.
pub(super) fn epsilon(value: f64) -> Result<(), ConfigFault> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(ConfigFault::Field("layer_norm_eps", value.to_string(), "expected 0 to 1"))
}

/// Refuses a base of rotary positions below 1.
pub(super) fn rotary_base(field: &'static str, value: f64) -> Result<(), ConfigFault> {
    if value.is_finite() && value >= 1.0 {
        return Ok(());
    }
    Err(ConfigFault::Field(field, value.to_string(), "expected 1 or more"))
}

/// Refuses unsupported variants of an architecture: `found` must be `only`.
pub(super) fn only<T: PartialEq + std::fmt::Display>(
    field: &'static str,
    found: &T,
    only: &T,
    expected: &'static str,
) -> Result<(), ConfigFault> {
    if found == only { Ok(()) } else { Err(ConfigFault::Field(field, found.to_string(), expected)) }
}

/// An activation by its name in transformers.
pub(super) fn activation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Activation, D::Error> {
    let name = String::deserialize(deserializer)?;
    Activation::from_name(&name).ok_or_else(|| D::Error::custom(format!("unknown hidden_act '{name}'")))
}
