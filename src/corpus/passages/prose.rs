//! Where prose can be cut: between paragraphs, sentences, lines and words.

use super::words::Break;

/// What a cut separates between a word that ends at `end` and the next, which starts at `start`.
pub(super) fn gap(text: &str, end: usize, start: usize) -> Break {
    match line_ends(&text[end..start]) {
        0 | 1 if ends_sentence(text, end, start) => Break::Sentence,
        0 => Break::Word,
        1 => Break::Line,
        _ => Break::Block,
    }
}

/// The number of line ends in white space.
pub(super) fn line_ends(space: &str) -> usize {
    memchr::memchr_iter(b'\n', space.as_bytes()).count()
}

/// Whether a sentence ends between two words. An initial does not end one, and no sentence starts in lower case.
fn ends_sentence(text: &str, end: usize, start: usize) -> bool {
    if text[start..].starts_with(char::is_lowercase) {
        return false;
    }
    let is_closing = |letter: &char| "\"')]*_`”’»".contains(*letter);
    let mut before = text[..end].chars().rev().skip_while(is_closing);
    match before.next() {
        Some('!' | '?' | '…') => true,
        Some('.') => {
            let is_letter = before.next().is_some_and(char::is_alphabetic);
            !(is_letter && before.next().is_none_or(|letter| letter.is_whitespace() || letter == '.'))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_sees_it() {
        for (text, is_end) in [
            ("It rains. Take", true),
            ("(It rains.) Take", true),
            ("Is it \"so?\" Yes", true),
            ("1.5. 2", true),
            ("e.g. Rain", false),
            ("J. Smith", false),
            ("approx. half", false),
            ("rain Take", false),
        ] {
            let start = text.rfind(' ').expect("there are two words") + 1;
            assert_eq!(ends_sentence(text, start - 1, start), is_end, "{text}");
        }
    }
}
