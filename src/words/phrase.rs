//! Words that stand together.

use super::analysis::{folded, has_signs, plain_words, word_terms};

/// Words that must, or must not, follow one another in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// As they are compared: lower-cased, without accents, with words of grammar; at least one.
    words: Vec<String>,
    /// The terms that a text with the phrase has.
    terms: Vec<String>,
    /// The whole phrase where it has signs, which are no words: `c++`.
    literal: Option<String>,
}

impl Phrase {
    /// The phrase that a user typed; `None` where it has no words.
    #[must_use]
    pub fn of(typed: &str) -> Option<Self> {
        let words = plain_words(typed);
        if words.is_empty() {
            return None;
        }
        let mut terms = Vec::new();
        word_terms(typed, |term| terms.push(term.to_owned()));
        Some(Self { words, terms, literal: has_signs(typed).then(|| folded(typed)) })
    }

    /// The terms that every text with the phrase has.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Whether `text` has the words in this order, with the signs among them.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let has_words = plain_words(text).windows(self.words.len()).any(|window| *window == self.words);
        has_words && self.literal.as_ref().is_none_or(|literal| has_literal(&folded(text), literal))
    }
}

/// Whether `text` has `literal`, not as a part of longer words.
fn has_literal(text: &str, literal: &str) -> bool {
    let is_letter = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
    let (starts, ends) = (is_letter(literal.chars().next()), is_letter(literal.chars().next_back()));
    text.match_indices(literal).any(|(place, _)| {
        let before = text[..place].chars().next_back();
        let after = text[place + literal.len()..].chars().next();
        let is_part = (starts && is_letter(before)) || (ends && is_letter(after));
        !is_part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(phrase: &str, text: &str) -> bool {
        Phrase::of(phrase).expect("it has words").is_in(text)
    }

    #[test]
    fn words_must_follow_one_another_and_signs_must_be_there() {
        for (phrase, text) in [
            ("Ten Days", "in ten, days"),
            ("C++", "I write c++ and C"),
            ("C++", "C++11"),
            ("use  C#", "Use\nC# here"),
            ("½ cup", "½ cup of flour"),
            ("don't", "Don\u{2019}t"),
            ("0.19", "v 0.19!"),
            ("#3", "see #3."),
            ("-5", "at -5 degrees"),
            ("the end", "The end."),
        ] {
            assert!(is_in(phrase, text), "{phrase} in {text}");
        }
        for (phrase, text) in [
            ("C++", "C and C#"),
            ("C#", "C, C++"),
            ("#3", "#34"),
            ("0.19", "0 19"),
            ("-5", "5 degrees"),
            ("days ten", "ten days"),
        ] {
            assert!(!is_in(phrase, text), "{phrase} in {text}");
        }
        for phrase in ["", "->", "\"", "++"] {
            assert_eq!(Phrase::of(phrase), None);
        }
    }

    #[test]
    fn terms_are_those_of_the_phrase_as_typed() {
        assert_eq!(Phrase::of("the ½ cups").expect("it has words").terms(), ["1\u{2044}2", "cup"]);
        assert_eq!(Phrase::of("fn parse_file").expect("it has words").terms(), ["fn", "pars", "file"]);
    }
}
