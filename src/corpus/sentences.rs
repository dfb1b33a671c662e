//! The ends of sentences, by heuristics. A wrong guess cuts a passage or an excerpt slightly early or late.

/// The sentences of `line`, of which none is empty.
#[must_use]
pub fn sentences(line: &str) -> Vec<&str> {
    let (mut sentences, mut start) = (Vec::new(), 0);
    let mut chars = line.char_indices().peekable();
    while let Some((index, letter)) = chars.next() {
        let end = index + letter.len_utf8();
        let ends_here = match chars.peek() {
            Some(&(_, next)) if is_full_stop(letter) => !is_closing(next) && !is_full_stop(next),
            Some(&(_, next)) if next.is_whitespace() && !letter.is_whitespace() => {
                let after = end + line[end..].len() - line[end..].trim_start().len();
                ends_sentence(line, end, after)
            }
            // Only the last of several closing characters looks back at the others.
            Some(&(_, next)) => !is_closing(next) && is_closing(letter) && is_closed_full_stop(&line[..end]),
            None => true,
        };
        if ends_here {
            sentences.push(line[start..end].trim());
            start = end;
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether a sentence ends between a word that ends at `end` and the next, which starts at `start`. An initial or a short
/// title such as `Dr.` does not end one, and no sentence starts in lower case.
pub(super) fn ends_sentence(text: &str, end: usize, start: usize) -> bool {
    if text[start..].starts_with(char::is_lowercase) {
        return false;
    }
    let before = text[..end].trim_end_matches(is_closing);
    match before.chars().next_back() {
        Some('!' | '?' | '…') => true,
        Some('.') => !is_abbreviation(&before[..before.len() - 1]),
        _ => false,
    }
}

/// The ends of sentences that no space follows.
pub(super) const fn is_full_stop(letter: char) -> bool {
    matches!(letter, '。' | '！' | '？')
}

/// Whether `letter` closes a quotation, brackets or emphasis.
fn is_closing(letter: char) -> bool {
    "\"')]*_`”’»」".contains(letter)
}

/// Whether `text` ends with a full stop, optionally followed by closing marks.
fn is_closed_full_stop(text: &str) -> bool {
    text.trim_end_matches(is_closing).ends_with(is_full_stop)
}

/// Whether the last word of `text` is a letter, or a capital and one more, as in `J`, `e.g` and `Dr`.
fn is_abbreviation(text: &str) -> bool {
    let word = text.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    match word.chars().count() {
        1 => word.starts_with(char::is_alphabetic),
        2 => word.starts_with(char::is_uppercase),
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
            ("Dr. Smith", false),
            ("approx. half", false),
            ("rain Take", false),
        ] {
            let start = text.rfind(' ').expect("there are two words") + 1;
            assert_eq!(ends_sentence(text, start - 1, start), is_end, "{text}");
        }
    }

    #[test]
    fn a_line_has_the_sentences_between_its_ends() {
        assert_eq!(
            sentences("One (or so). \"Two!\" Is v1.2 out? Use e.g. this"),
            ["One (or so).", "\"Two!\"", "Is v1.2 out?", "Use e.g. this"]
        );
        assert_eq!(sentences("Ask Dr. J. Smith. He knows"), ["Ask Dr. J. Smith.", "He knows"]);
        assert_eq!(sentences("请吃。好！"), ["请吃。", "好！"]);
        assert_eq!(sentences("「请吃。」好"), ["「请吃。」", "好"]);
        assert!(sentences("  ").is_empty());
    }

    #[test]
    fn a_run_of_closing_characters_takes_no_more_time_than_text() {
        let line = ")".repeat(400_000);
        assert_eq!(sentences(&line), [line.as_str()]);
    }
}
