//! The sentences of a passage, for excerpts.

use embed::engine;

use crate::cli::render::one_line;

/// A sentence on one line, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    /// Whether a line begins with it: it is the first of a paragraph, a heading or an item of a list.
    pub(crate) begins_line: bool,
}

/// The sentences of `text`, of which none is empty.
pub(crate) fn sentences(text: &str) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for block in blocks(text) {
        let mut begins_line = true;
        for sentence in engine::sentences(&one_line(&block)) {
            sentences.push(Sentence { text: sentence.to_owned(), begins_line });
            begins_line = false;
        }
    }
    sentences
}

/// Paragraphs, headings, items of lists, rows of tables: the lines of each joined. A line between fences, such as code
/// in Markdown, stays separate.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut is_fenced = false;
    for line in text.lines() {
        let line = line.trim();
        let is_fence = line.starts_with("```") || line.starts_with("~~~");
        is_fenced ^= is_fence;
        if line.is_empty() || is_fence {
            is_open = false;
            continue;
        }
        match blocks.last_mut() {
            Some(block) if is_open && !begins_block(line) => {
                block.push(' ');
                block.push_str(line);
            }
            _ => blocks.push(line.to_owned()),
        }
        is_open = !is_fenced && !line.starts_with('#');
    }
    blocks
}

/// Whether a line begins a heading, an item of a list, a quotation or a row of a table.
fn begins_block(line: &str) -> bool {
    let after_digits = line.trim_start_matches(|character: char| character.is_ascii_digit());
    line.starts_with(['#', '>', '|'])
        || ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
        || (after_digits.len() < line.len()
            && (after_digits.starts_with(". ") || after_digits.starts_with(") ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        sentences(text).into_iter().map(|sentence| sentence.text).collect()
    }

    #[test]
    fn folded_lines_are_one_sentence_and_headings_and_items_are_their_own() {
        let found = sentences("# Title\nA folded\nline. More.\n- one\n- two\n\n1. three");
        let expected = [
            ("# Title", true),
            ("A folded line.", true),
            ("More.", false),
            ("- one", true),
            ("- two", true),
            ("1. three", true),
        ];
        let found: Vec<(&str, bool)> = found.iter().map(|s| (s.text.as_str(), s.begins_line)).collect();
        assert_eq!(found, expected);
        assert_eq!(texts("See:\n```sh\na -b\nc\n```\nThen\nmore."), ["See:", "a -b", "c", "Then more."]);
    }
}
