//! Checks of the special tokens that a `tokenizer.json` adds to a text. The library makes none, and panics.

use serde_json::Value;
use tokenizers::PostProcessor;
use tokenizers::processors::PostProcessorWrapper;

/// Why the special tokens of a file cannot be added to a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SpecialTokensFault {
    #[error("a template has the special token {id:?}, which is not among its special_tokens")]
    UnknownToken { id: String },
    #[error("the special token {id:?} of a template has {ids} ids for {tokens} tokens")]
    TokenCount { id: String, ids: usize, tokens: usize },
    #[error("the template of a single text has a second text")]
    SecondText,
    #[error("the tokenizer adds {special} special tokens, but the model reads at most {max_tokens} tokens")]
    NoRoom { special: usize, max_tokens: usize },
}

/// How many texts are tokenized together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Single,
    Pair,
}

/// Checks that special tokens leave room for a text. The library would subtract without a check.
pub(super) fn check_room(
    tokenizer: &tokenizers::Tokenizer,
    max_tokens: usize,
    kind: TextKind,
) -> tokenizers::Result<()> {
    let special =
        tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(kind == TextKind::Pair));
    if special > max_tokens {
        return Err(SpecialTokensFault::NoRoom { special, max_tokens }.into());
    }
    Ok(())
}

/// Checks every template of a post-processor.
pub(super) fn check_templates(processor: &PostProcessorWrapper) -> tokenizers::Result<()> {
    // The library has no accessors for the pieces of a template.
    Ok(check(&serde_json::to_value(processor)?)?)
}

fn check(processor: &Value) -> Result<(), SpecialTokensFault> {
    let array = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    array(&processor["processors"]).iter().try_for_each(check)?;
    let tokens = &processor["special_tokens"];
    for (id, token) in tokens.as_object().into_iter().flatten() {
        let (ids, tokens) = (array(&token["ids"]).len(), array(&token["tokens"]).len());
        if ids != tokens {
            return Err(SpecialTokensFault::TokenCount { id: id.clone(), ids, tokens });
        }
    }
    for template in ["single", "pair"] {
        for piece in array(&processor[template]) {
            match piece["SpecialToken"]["id"].as_str() {
                Some(id) if tokens.get(id).is_none() => {
                    return Err(SpecialTokensFault::UnknownToken { id: id.to_owned() });
                }
                None if template == "single" && piece["Sequence"]["id"] == "B" => {
                    return Err(SpecialTokensFault::SecondText);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_that_cannot_be_applied_is_refused() {
        let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
        let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
        let fault = |single: Value, tokens: Value| {
            let template = json!({"type": "TemplateProcessing", "single": single, "pair": [text("A"), text("B")],
                                  "special_tokens": {"[S]": {"id": "[S]", "ids": [1], "tokens": tokens}}});
            let of = |processor: Value| {
                let processor = serde_json::from_value(processor).expect("the library reads it");
                check_templates(&processor).map_err(|fault| fault.to_string()).err()
            };
            let found = of(template.clone());
            let nested = json!({"type": "Sequence", "processors": [template]});
            assert_eq!(of(nested), found);
            found.unwrap_or_default()
        };
        let tokens = json!(["[S]"]);
        assert_eq!(fault(json!([token("[S]"), text("A")]), tokens.clone()), "");
        let unknown = fault(json!([token("[T]"), text("A")]), tokens.clone());
        assert_eq!(unknown, SpecialTokensFault::UnknownToken { id: "[T]".to_owned() }.to_string());
        assert_eq!(fault(json!([text("A"), text("B")]), tokens), SpecialTokensFault::SecondText.to_string());
        let count = SpecialTokensFault::TokenCount { id: "[S]".to_owned(), ids: 1, tokens: 0 };
        assert_eq!(fault(json!([text("A")]), json!([])), count.to_string());
    }
}
