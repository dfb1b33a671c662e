//! The reading rule: how a source is read, as an index records it.

use serde_json::{Value, json};

use crate::corpus::{InputFormat, Origin, PageExtent, ReadOptions};

const WALKED: &str = "walked";

/// The version of the rules by which texts are cut into passages and get their contexts. A source under older rules
/// counts as changed. Raise it with every change of those rules.
const CUTTING_RULES: u64 = 4;

/// The field of a rule with that version; rules without it have the first version.
const CUT: &str = "cut";

/// The rule as JSON. With equal rules, equal bytes under equal names become equal documents.
pub(super) fn reading_rule(origin: Origin, options: &ReadOptions) -> Value {
    json!({
        "origin": match origin {
            Origin::Named => "named",
            Origin::Walked => WALKED,
        },
        // Null if the name of the source decides.
        "format": options.format.map(InputFormat::name),
        "encoding": options.encoding.to_string(),
        "text": options.fields.text,
        "id": options.fields.id,
        "passage_tokens": options.passages.tokens,
        "passage_overlap": options.passages.overlap,
        "whole_page": options.page == PageExtent::Whole,
        CUT: CUTTING_RULES,
    })
}

/// Whether a source with this rule was cut under older rules than those of this program.
pub(super) fn is_of_older_cut(rule: &Value) -> bool {
    rule[CUT].as_u64().unwrap_or(1) < CUTTING_RULES
}

/// Whether a source with this rule was found by walking.
pub(super) fn was_walked(rule: &Value) -> bool {
    rule["origin"] == WALKED
}
