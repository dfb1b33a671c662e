//! The reading rule: how a source is read, as an index records it.

use serde_json::{Value, json};

use crate::corpus::{InputFormat, Origin, ReadOptions};

const WALKED: &str = "walked";

/// The rule as JSON. With equal rules, equal bytes under equal names become equal documents.
pub(super) fn reading_rule(origin: Origin, options: &ReadOptions) -> Value {
    json!({
        "origin": match origin {
            Origin::Named => "named",
            Origin::Walked => WALKED,
        },
        // Null where the name of the source decides.
        "format": options.format.map(InputFormat::name),
        "encoding": options.encoding.to_string(),
        "text": options.fields.text,
        "id": options.fields.id,
        "passage_tokens": options.passages.tokens,
        "passage_overlap": options.passages.overlap,
    })
}

/// Whether a source with this rule was found by walking.
pub(super) fn was_walked(rule: &Value) -> bool {
    rule["origin"] == WALKED
}
