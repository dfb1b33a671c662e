//! The blocks of a text with headings.

use std::ops::Range;

use crate::corpus::offsets::boundary_before;

/// Longer headings are cut in contexts, since each passage below repeats them.
pub(super) const MAXIMUM_TITLE_BYTES: usize = 256;

/// A range of whole lines. Between blocks there is only white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::corpus) struct Block {
    pub(in crate::corpus) range: Range<usize>,
    pub(in crate::corpus) kind: BlockKind,
}

/// The kind of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::corpus) enum BlockKind {
    /// The level is 1 to 6.
    Heading { level: u8, title: String },
    /// A paragraph, a list or anything else.
    Text,
    /// Preformatted text.
    Fence,
    /// A table, and where its header ends and its rows start.
    Table { rows: usize },
    /// A block without words that belongs to the next block: a link target, a rule, a comment.
    Label,
}

/// A heading without its markup: links become their texts; tags, emphasis and attributes are removed.
pub(in crate::corpus) fn plain_title(markup: &str) -> String {
    let markup = &markup[..boundary_before(markup, 4 * MAXIMUM_TITLE_BYTES)];
    let mut plain = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(letter) = rest.chars().next() {
        let skipped = match letter {
            '<' => rest.find('>').map(|end| end + 1),
            '{' if rest.starts_with("{#") || rest.starts_with("{.") => rest.find('}').map(|end| end + 1),
            ']' if rest.starts_with("](") => rest.find(')').map(|end| end + 1),
            '`' | '*' | '[' | ']' | '\\' => Some(1),
            '!' if rest.starts_with("![") => Some(1),
            _ => None,
        };
        if skipped.is_none() {
            plain.push(letter);
        }
        rest = &rest[skipped.unwrap_or(letter.len_utf8())..];
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut title = words.join(" ");
    title.truncate(boundary_before(&title, MAXIMUM_TITLE_BYTES));
    title.truncate(title.trim_end().len());
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_from_titles() {
        for (markup, title) in [
            ("`Tokenizer` and **more**", "Tokenizer and more"),
            ("The [guide](a.md) {#guide .x}", "The guide"),
            ("<a id=\"x\"></a>Use  it ![logo](x.png)", "Use it logo"),
            ("a < b [c", "a < b c"),
            ("snake_case", "snake_case"),
        ] {
            assert_eq!(plain_title(markup), title);
        }
    }
}
