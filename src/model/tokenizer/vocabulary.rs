//! The vocabulary of a tokenizer file in one string: 30,000 separate strings take longer to build.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Tokens and their ids, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    text: String,
    /// Where each token ends in `text`, and its id.
    entries: Vec<(usize, u32)>,
}

impl Vocabulary {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        let mut start = 0;
        self.entries.iter().map(move |&(end, id)| (&self.text[std::mem::replace(&mut start, end)..end], id))
    }

    /// One more than the highest id.
    pub(super) fn size(&self) -> usize {
        self.entries.iter().map(|&(_, id)| id as usize + 1).max().unwrap_or(0)
    }

    fn push(&mut self, token: &str, id: u32) {
        self.text.push_str(token);
        self.entries.push((self.text.len(), id));
    }
}

/// The substrings of a text.
#[derive(Debug)]
pub(super) struct Substrings<'a> {
    text: &'a str,
    /// The first two bytes of every substring, or its only byte and a zero.
    starts: HashSet<[u8; 2]>,
}

impl<'a> Substrings<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let pairs = bytes.windows(2).map(|pair| [pair[0], pair[1]]);
        let starts = pairs.chain(bytes.iter().map(|&byte| [byte, 0])).collect();
        Self { text, starts }
    }

    pub(super) fn contains(&self, token: &str) -> bool {
        match *token.as_bytes() {
            [] => true,
            [only] => self.starts.contains(&[only, 0]),
            [first, second, ..] => self.starts.contains(&[first, second]) && self.text.contains(token),
        }
    }
}

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VocabularyVisitor)
    }
}

struct VocabularyVisitor;

/// A token, borrowed from the file unless it has escapes.
#[derive(serde::Deserialize)]
struct Token<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for VocabularyVisitor {
    type Value = Vocabulary;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a map of tokens to ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
        let mut vocabulary = Vocabulary::default();
        while let Some((Token(token), id)) = map.next_entry()? {
            vocabulary.push(&token, id);
        }
        Ok(vocabulary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_in_order_with_their_ids() {
        let json = r###"{"[PAD]": 0, "a": 7, "##\u0062": 3, "é": 4, "": 5}"###;
        let vocabulary: Vocabulary = serde_json::from_str(json).expect("a map");
        let entries: Vec<_> = vocabulary.iter().collect();
        assert_eq!(entries, [("[PAD]", 0), ("a", 7), ("##b", 3), ("é", 4), ("", 5)]);
        assert_eq!(vocabulary.size(), 8);
    }

    #[test]
    fn substrings_are_those_of_the_text() {
        let substrings = Substrings::of("return é");
        for token in ["", "r", "turn", "return é", "é", "n é"] {
            assert!(substrings.contains(token), "{token}");
        }
        for token in ["x", "ru", "turns", "è"] {
            assert!(!substrings.contains(token), "{token}");
        }
    }
}
