//! The reading rule of sources that are not read: their vectors were imported.
//!
//! Other rules belong to the reader of sources, which alone can interpret them.

use serde_json::{Value, json};

/// The rule of a source whose vectors were imported, so that no file is read for it.
#[must_use]
pub fn imported_rule() -> Value {
    json!({ "format": "vectors" })
}

/// Whether a source has that rule.
#[must_use]
pub fn was_imported(rule: &Value) -> bool {
    *rule == imported_rule()
}
