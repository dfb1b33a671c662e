//! The sentences of prose, for showing a few of them: where they end is a guess that does no harm.

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
        for sentence in split(&one_line(&block)) {
            sentences.push(Sentence { text: sentence.to_owned(), begins_line });
            begins_line = false;
        }
    }
    sentences
}

/// Paragraphs, headings, items of lists, rows of tables: the lines of each together. A line between fences, as code in
/// Markdown is, stays alone.
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

fn split(line: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (index, character) in line.char_indices() {
        let end = index + character.len_utf8();
        if end_of_sentence(line, index, character) {
            let closed = line[end..]
                .trim_start_matches(['"', '\'', ')', '\u{201d}', '\u{2019}', '\u{bb}', '\u{300d}']);
            let end = line.len() - closed.len();
            if end > start {
                sentences.push(line[start..end].trim());
                start = end;
            }
        }
    }
    sentences.push(line[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether `character`, which stands at `index`, ends a sentence.
fn end_of_sentence(line: &str, index: usize, character: char) -> bool {
    if matches!(character, '\u{3002}' | '\u{ff01}' | '\u{ff1f}') {
        return true;
    }
    if !matches!(character, '.' | '!' | '?') {
        return false;
    }
    let after = line[index + 1..].trim_start_matches(['"', '\'', ')', '\u{201d}', '\u{2019}', '\u{bb}']);
    let next = after.trim_start();
    let is_followed = next.len() < after.len() && !next.starts_with(char::is_lowercase);
    is_followed && !(character == '.' && is_abbreviation(&line[..index]))
}

/// Whether the last word of `text` is a title or an initial, such as `Dr` or `J`.
fn is_abbreviation(text: &str) -> bool {
    let word = text.rsplit(|character: char| !character.is_alphanumeric()).next().unwrap_or("");
    word.starts_with(char::is_uppercase) && word.chars().count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        sentences(text).into_iter().map(|sentence| sentence.text).collect()
    }

    #[test]
    fn sentences_end_where_a_new_one_can_begin() {
        assert_eq!(
            texts("One (or so). \"Two!\" Is v1.2 out? Use e.g. this"),
            ["One (or so).", "\"Two!\"", "Is v1.2 out?", "Use e.g. this"]
        );
        assert_eq!(texts("Ask Dr. J. Smith. He knows"), ["Ask Dr. J. Smith.", "He knows"]);
        assert_eq!(
            texts("\u{8bf7}\u{5403}\u{3002}\u{597d}\u{ff01}"),
            ["\u{8bf7}\u{5403}\u{3002}", "\u{597d}\u{ff01}"]
        );
        assert!(texts(" \n\n ").is_empty());
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
