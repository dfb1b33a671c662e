//! Documents and their passages.

use std::borrow::Cow;

/// A part of a source that users see as one unit: a line, a file, a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Names the document within its source: the line it starts on, or the user's own id.
    pub key: String,
    /// The line it starts on, counted from 1; `None` where lines mean nothing.
    pub line: Option<u64>,
    /// The user's own fields.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its texts in order, at least one.
    pub passages: Vec<Passage>,
}

impl Document {
    /// Names passage `index` within the source; `source:key` is its id.
    ///
    /// The first passage has the document's key. A further one has the line that it starts on, with `#n` for the n-th of
    /// the document on that line.
    ///
    /// # Panics
    ///
    /// If there is no passage `index`.
    #[must_use]
    pub fn passage_key(&self, index: usize) -> String {
        let line = self.passages[index].first_line();
        let earlier =
            self.passages[..index].iter().rev().take_while(|other| other.first_line() == line).count();
        passage_key(&self.key, PassagePlace { index, line, earlier_on_line: earlier })
    }
}

/// The position of a passage among those of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassagePlace {
    /// The number of passages before it.
    pub index: usize,
    /// The line it starts on.
    pub line: Option<u64>,
    /// The passages before it that start on the same line.
    pub earlier_on_line: usize,
}

/// As [`Document::passage_key`], for a document of which only the key is known.
#[must_use]
pub fn passage_key(document: &str, place: PassagePlace) -> String {
    let PassagePlace { index, line, earlier_on_line } = place;
    let base = match line {
        Some(line) if index > 0 => line.to_string(),
        _ => document.to_owned(),
    };
    if index == 0 || earlier_on_line == 0 { base } else { format!("{base}#{}", earlier_on_line + 1) }
}

/// A text that has its own vector, and its place in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The text, without surrounding white space.
    pub text: String,
    /// The headings above the text, else the title of the document, and below them the header of a table or the
    /// sentence that introduces a code block; `None` if there are none. The context is embedded and searched with the
    /// text but not shown.
    pub context: Option<String>,
    /// First and last line, counted from 1; `None` where lines mean nothing.
    pub lines: Option<(u64, u64)>,
    /// First byte, and the byte after the last; `None` if the text is not a range of the source.
    pub bytes: Option<(u64, u64)>,
}

impl Passage {
    /// The text that is embedded and searched for words: the context, a line break, the text.
    #[must_use]
    pub fn contextual_text(&self) -> Cow<'_, str> {
        contextual_text(self.context.as_deref(), &self.text)
    }

    fn first_line(&self) -> Option<u64> {
        self.lines.map(|(first, _)| first)
    }

    /// The bytes of its source.
    #[cfg(test)]
    pub(super) fn origin<'source>(&self, source: &'source [u8]) -> &'source [u8] {
        let place = |byte| usize::try_from(byte).expect("the source is in memory");
        let (start, end) = self.bytes.expect("the passage has a place");
        &source[place(start)..place(end)]
    }
}

/// As [`Passage::contextual_text`].
#[must_use]
pub fn contextual_text<'a>(context: Option<&str>, text: &'a str) -> Cow<'a, str> {
    context.map_or(Cow::Borrowed(text), |context| Cow::Owned(format!("{context}\n{text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_passages_of_a_line_are_numbered() {
        let passage =
            |line| Passage { text: "x".to_owned(), context: None, lines: Some((line, line)), bytes: None };
        let passages = [3, 3, 4, 7, 7, 7].map(passage).to_vec();
        let document = Document { key: "3".to_owned(), line: Some(3), metadata: None, passages };
        let keys: Vec<String> = (0..6).map(|index| document.passage_key(index)).collect();
        assert_eq!(keys, ["3", "3#2", "4", "7", "7#2", "7#3"]);
    }
}
