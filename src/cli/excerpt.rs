//! The most relevant lines of a passage.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::cli::query_words::QueryWords;
use crate::cli::render::{cut, without_controls};
use crate::cli::sentences::{Sentence, sentences};

/// Marks omitted text.
const ELLIPSIS: &str = "\u{2026}";

/// The number of words to show before the first match of a sentence that is too long.
const WORDS_BEFORE: usize = 4;

/// The replacement of a tab in code.
const TAB: &str = "    ";

/// The kind of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// Sentences; line ends have no meaning.
    Prose,
    /// Lines.
    Code,
}

/// The space for an excerpt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Terminal columns of a line.
    pub(crate) width: usize,
    pub(crate) lines: usize,
}

/// The lines of `text` to show for the query `words`, without control characters, each within `room`.
///
/// For prose, the sentence with the most query words, and an adjacent one if it fits; for code, the consecutive lines
/// with the most query words. A word in fewer sentences or lines has more weight. If no word occurs, the beginning of
/// the text.
pub(crate) fn excerpt(text: &str, kind: TextKind, words: &QueryWords, room: Room) -> Vec<String> {
    match kind {
        TextKind::Prose => prose(&sentences(text), words, room),
        TextKind::Code => code(text, words, room),
    }
}

/// Units of a text and the terms of the query that each has.
struct Matches {
    terms: Vec<Vec<usize>>,
    /// By term.
    weights: Vec<f64>,
}

impl Matches {
    fn of<'a>(units: impl Iterator<Item = &'a str>, words: &QueryWords) -> Self {
        let terms: Vec<Vec<usize>> = units.map(|unit| words.terms_in(unit)).collect();
        let weight = |term: usize| {
            let frequency = terms.iter().filter(|found| found.contains(&term)).count();
            (1.0 + terms.len() as f64 / frequency.max(1) as f64).ln()
        };
        let weights = (0..words.len()).map(weight).collect();
        Self { terms, weights }
    }

    /// The weight of the terms of `units`, each counted once.
    fn weight(&self, units: Range<usize>) -> f64 {
        let mut terms: Vec<usize> = self.terms[units].concat();
        terms.sort_unstable();
        terms.dedup();
        terms.iter().map(|&term| self.weights[term]).sum()
    }
}

/// The first of `candidates` with the highest weight, and that weight.
fn best(candidates: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    candidates.fold(None, |best, candidate| match best {
        Some((_, weight)) if weight >= candidate.1 => best,
        _ => Some(candidate),
    })
}

fn prose(sentences: &[Sentence], words: &QueryWords, room: Room) -> Vec<String> {
    let matches = Matches::of(sentences.iter().map(|sentence| sentence.text.as_str()), words);
    let weight = |index: usize| matches.weight(index..index + 1);
    let Some((chosen, _)) =
        best((0..sentences.len()).map(|index| (index, weight(index)))).filter(|best| best.1 > 0.0)
    else {
        return shortened(laid_out(sentences, room.width), room);
    };
    let alone = laid_out(&sentences[chosen..=chosen], room.width);
    if alone.len() > room.lines {
        return part_of_sentence(&sentences[chosen].text, words, room);
    }
    let next = (chosen + 1 < sentences.len()).then(|| chosen..chosen + 2);
    let before = chosen.checked_sub(1).map(|start| start..chosen + 1);
    let mut pairs: Vec<Range<usize>> = next.into_iter().chain(before).collect();
    // The sort is stable: the next sentence is preferred unless the previous one has more query words.
    pairs.sort_by(|a, b| matches.weight(b.clone()).total_cmp(&matches.weight(a.clone())));
    let pairs = pairs.into_iter().map(|pair| laid_out(&sentences[pair], room.width));
    pairs.into_iter().find(|lines| lines.len() <= room.lines).unwrap_or(alone)
}

/// The first stretch of a sentence with the most query words.
fn part_of_sentence(sentence: &str, words: &QueryWords, room: Room) -> Vec<String> {
    let parts: Vec<&str> = sentence.split(' ').collect();
    let matches = Matches::of(parts.iter().copied(), words);
    // Lines break before words, so they are not full.
    let columns = room.width * room.lines * 4 / 5;
    let end_of = |start: usize| {
        let mut left = columns;
        let fitting = parts[start..].iter().take_while(|part| {
            let fits = part.width() < left;
            left = left.saturating_sub(part.width() + 1);
            fits
        });
        start + fitting.count()
    };
    let starts = (0..parts.len()).filter(|&index| index == 0 || !matches.terms[index].is_empty());
    let starts = starts.map(|index| if end_of(0) > index { 0 } else { index.saturating_sub(WORDS_BEFORE) });
    let weighed = starts.map(|start| (start, matches.weight(start..end_of(start))));
    let (mut start, _) = best(weighed).unwrap_or((0, 0.0));
    let lines_from = |start: usize| {
        let cut_off = if start > 0 { [ELLIPSIS].as_slice() } else { &[] };
        wrapped(&[cut_off, &parts[start..]].concat().join(" "), room.width)
    };
    // Near the end of the sentence there is room for more preceding words.
    while start > 0 && lines_from(start - 1).len() <= room.lines {
        start -= 1;
    }
    shortened(lines_from(start), room)
}

fn code(text: &str, words: &QueryWords, room: Room) -> Vec<String> {
    let clean = |line: &str| without_controls(line.replace('\t', TAB).trim_end());
    let lines: Vec<String> = text.lines().map(clean).collect();
    let matches = Matches::of(lines.iter().map(String::as_str), words);
    let size = room.lines.min(lines.len());
    // Among equal stretches, prefer the one with its matches in the middle.
    let weight = |start: usize| {
        let middle = start + size / 2;
        matches.weight(start..start + size) + matches.weight(middle..(middle + 1).min(lines.len())) * 1e-3
    };
    let stretches = (0..=lines.len() - size).map(|start| (start, weight(start)));
    let (mut start, _) = best(stretches).unwrap_or((0, 0.0));
    while start + size < lines.len() && lines[start].is_empty() {
        start += 1;
    }
    let mut shown: Vec<String> = lines[start..start + size].to_vec();
    for line in &mut shown {
        *line = fitting(line, room.width);
    }
    while shown.last().is_some_and(String::is_empty) {
        shown.pop();
    }
    shown
}

/// The lines of consecutive sentences.
fn laid_out(sentences: &[Sentence], width: usize) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    for sentence in sentences {
        match paragraphs.last_mut() {
            Some(paragraph) if !sentence.begins_line => {
                paragraph.push(' ');
                paragraph.push_str(&sentence.text);
            }
            _ => paragraphs.push(sentence.text.clone()),
        }
    }
    paragraphs.iter().flat_map(|paragraph| wrapped(paragraph, width)).collect()
}

/// `text` in lines of at most `width` columns, broken before words, or within a word that is longer than a line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for mut word in text.split(' ').filter(|word| !word.is_empty()) {
        let line = lines.last_mut().expect("there is a line");
        let space = usize::from(!line.is_empty());
        let mut left = width.saturating_sub(line.width() + space);
        if word.width() > left && word.width() <= width {
            lines.push(word.to_owned());
            continue;
        }
        if space > 0 && left > 0 {
            line.push(' ');
        }
        loop {
            // A column that is too narrow for a character would never be filled.
            let first = word.chars().next().map_or(0, char::len_utf8);
            let part = cut(word, &mut left).len();
            let line = lines.last_mut().expect("there is a line");
            let part = if part == 0 && line.is_empty() { first } else { part };
            line.push_str(&word[..part]);
            word = &word[part..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
            left = width;
        }
    }
    lines
}

/// The first lines, with an ellipsis if there are more.
fn shortened(mut lines: Vec<String>, room: Room) -> Vec<String> {
    if lines.len() > room.lines {
        lines.truncate(room.lines);
        if let Some(last) = lines.last_mut() {
            let mut left = room.width.saturating_sub(2);
            let fitting = cut(last, &mut left);
            let is_within_word = !last[fitting.len()..].is_empty() && !last[fitting.len()..].starts_with(' ');
            let end = fitting.rfind(' ').filter(|_| is_within_word).unwrap_or(fitting.len());
            *last = format!("{} {ELLIPSIS}", last[..end].trim_end());
        }
    }
    lines
}

/// The start of a line of code, with an ellipsis if it is longer.
fn fitting(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut left = width.saturating_sub(1);
    format!("{}{ELLIPSIS}", cut(line, &mut left))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { width: 30, lines: 3 };

    fn shown(text: &str, kind: TextKind, query: &str) -> Vec<String> {
        let lines = excerpt(text, kind, &QueryWords::of(query), ROOM);
        assert!(
            lines.len() <= ROOM.lines && lines.iter().all(|line| line.width() <= ROOM.width),
            "{lines:?}"
        );
        lines
    }

    #[test]
    fn of_prose_the_sentence_with_the_rarest_words_is_shown_with_its_better_neighbour() {
        let text = "Cats sleep. Cats play with dogs. Cats eat fish. Birds sing.";
        assert_eq!(
            shown(text, TextKind::Prose, "cats fish dogs"),
            ["Cats play with dogs. Cats eat", "fish."]
        );
        assert_eq!(shown(text, TextKind::Prose, "bird"), ["Cats eat fish. Birds sing."]);
    }

    #[test]
    fn without_words_the_beginning_is_shown() {
        let text = "# Title\n\nThe first sentence is rather long. The second one is, too. And a third.";
        let expected = ["# Title", "The first sentence is rather", "long. The second one is, \u{2026}"];
        assert_eq!(shown(text, TextKind::Prose, ""), expected);
        assert_eq!(shown(text, TextKind::Prose, "unrelated"), expected);
        assert_eq!(shown("a\nb\nc\nd", TextKind::Code, "x"), ["a", "b", "c"]);
        assert!(shown("", TextKind::Prose, "x").is_empty());
        assert!(shown("", TextKind::Code, "x").is_empty());
    }

    #[test]
    fn of_a_long_sentence_the_stretch_with_the_words_is_shown() {
        let text = format!("{} the refund is paid within {} days", "word ".repeat(40), "many ".repeat(40));
        let lines = shown(&text, TextKind::Prose, "refund paid");
        assert_eq!(lines[0], "\u{2026} word word word the refund is");
        assert!(lines[2].ends_with(ELLIPSIS), "{lines:?}");
    }

    #[test]
    fn of_code_the_lines_with_the_words_are_shown_as_they_are() {
        let text = "fn main() {\n    let a = 1;\n\tlet total = sum(a);\n    print(a);\n}\n\nfn end() {}\n";
        let expected = ["    let a = 1;", "    let total = sum(a);", "    print(a);"];
        assert_eq!(shown(text, TextKind::Code, "total sum"), expected);
        assert_eq!(shown("a\n\nb c\n\nd\n\ne", TextKind::Code, "b"), ["b c", "", "d"]);
        let long = format!("let name = \"{}\";", "x".repeat(40));
        assert_eq!(shown(&long, TextKind::Code, ""), ["let name = \"xxxxxxxxxxxxxxxxx\u{2026}"]);
    }

    #[test]
    fn control_characters_are_left_out_and_wide_characters_fit() {
        assert_eq!(shown("a \u{1b}[31mred\u{7} cat", TextKind::Prose, "cat"), ["a [31mred cat"]);
        assert_eq!(shown("a\u{1b}[31m", TextKind::Code, ""), ["a[31m"]);
        let lines = shown(&"\u{8bf7}".repeat(100), TextKind::Prose, "");
        assert_eq!(lines[0].chars().count(), 15);
        for width in 0..3 {
            let text = "\u{8bf7}\u{8bf7} word";
            let lines = excerpt(text, TextKind::Prose, &QueryWords::default(), Room { width, lines: 3 });
            // A character that is wider than the line has a line of its own.
            assert!(lines.len() <= 3 && lines.iter().all(|line| line.width() <= width.max(2)), "{lines:?}");
        }
    }
}
