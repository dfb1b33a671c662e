//! Sources that are read whole: one document, split into passages.

use serde_json::{Map, Value};

use super::budget::FieldLimits;
use super::document::{Document, Passage};
use super::document_format::DocumentFormat;
use super::error::CorpusError;
use super::format::InputFormat;
use super::front_matter::FrontMatter;
use super::html::{self, MAXIMUM_ATTRIBUTES, Page, TooManyAttributes};
use super::json_fields::parse_object;
use super::offsets::OffsetMap;
use super::options::ReadOptions;
use super::passages::{CutText, Piece, Structure, split};
use super::statistics::ReadStatistics;
use super::stream::{Completeness, TextStream};
use super::tokens::TokenCounter;

/// Reads a source of prose, Markdown, HTML or code.
pub(super) struct WholeReader<'a> {
    format: InputFormat,
    title: Option<String>,
    options: ReadOptions,
    counter: &'a dyn TokenCounter,
    state: WholeState,
}

#[derive(Debug, PartialEq, Eq)]
enum WholeState {
    Unread,
    Read,
}

impl<'a> WholeReader<'a> {
    /// `title` is the title of the source, unless its content has one.
    pub(super) fn new(
        format: InputFormat,
        title: Option<String>,
        options: &ReadOptions,
        counter: &'a dyn TokenCounter,
    ) -> Self {
        Self { format, title, options: options.clone(), counter, state: WholeState::Unread }
    }

    fn page(&self, decoded: &DecodedText, stream: &TextStream) -> Result<Option<Page>, CorpusError> {
        if self.format != InputFormat::Html {
            return Ok(None);
        }
        html::extract(&decoded.text, self.options.page).map(Some).map_err(|TooManyAttributes| {
            CorpusError::TooManyAttributes { name: stream.name(), limit: MAXIMUM_ATTRIBUTES }
        })
    }

    fn front_matter(&self, decoded: &DecodedText) -> Option<FrontMatter> {
        if self.format == InputFormat::Markdown { FrontMatter::of(&decoded.text) } else { None }
    }

    fn passages(&self, content: &Content<'_>, stream: &TextStream) -> Vec<Passage> {
        let Content { decoded, page, front_matter, lines } = content;
        let text = page.map_or(decoded.text.as_str(), |page| page.text.as_str());
        let structure = match (self.format, page) {
            (_, Some(page)) => Structure::Blocks(&page.blocks),
            (InputFormat::Markdown, _) => Structure::Markdown,
            (InputFormat::Code, _) => Structure::Code,
            _ => Structure::Prose,
        };
        let stated =
            page.and_then(|page| page.title.as_deref()).or(front_matter.and_then(FrontMatter::title));
        let source = CutText {
            text,
            start: front_matter.map_or(0, |front_matter| front_matter.end),
            structure,
            title: stated.or(self.title.as_deref()),
        };
        let place = |start, end| page.map_or((start, end), |page| page.places.origin(start, end));
        let passage = |piece: Piece| {
            let (start, end) = place(piece.range.start, piece.range.end);
            let (first_byte, end_byte) = decoded.places.origin(start, end);
            Passage {
                text: text[piece.range].to_owned(),
                context: piece.context,
                lines: Some((lines.line(start), lines.line(end.saturating_sub(1).max(start)))),
                bytes: stream.source_range(first_byte as u64, end_byte as u64),
            }
        };
        split(source, self.options.passages, self.counter).into_iter().map(passage).collect()
    }

    /// The fields of a front matter, within the limits on metadata.
    fn metadata(
        &self,
        fields: &Map<String, Value>,
        statistics: &mut ReadStatistics,
    ) -> Option<Map<String, Value>> {
        let bytes = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        let limits = FieldLimits {
            important: &[],
            field_bytes: bytes(self.options.limits.text_bytes),
            shared_bytes: bytes(self.options.limits.metadata_bytes),
        };
        let json = serde_json::to_string(fields).ok()?;
        let (fields, extent) = parse_object(&json, limits).ok()?;
        statistics.cut_lines += u64::from(extent == Completeness::Cut);
        (!fields.is_empty()).then_some(fields)
    }
}

/// The content of a source before it is cut.
struct Content<'a> {
    decoded: &'a DecodedText,
    page: Option<&'a Page>,
    front_matter: Option<&'a FrontMatter>,
    lines: &'a LineTable,
}

impl DocumentFormat for WholeReader<'_> {
    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError> {
        if self.state == WholeState::Read {
            return Ok(None);
        }
        self.state = WholeState::Read;
        let bytes = stream.read_whole(self.options.limits.file_bytes)?;
        if let Some(position) = memchr::memchr(0, &bytes) {
            let line = LineTable::new(&bytes).line(position);
            return Err(CorpusError::NotText { name: stream.name(), line });
        }
        let decoded = DecodedText::new(bytes);
        let lines = LineTable::new(decoded.text.as_bytes());
        statistics.replaced_lines += lines.count_lines_with(&decoded.text, char::REPLACEMENT_CHARACTER);
        let page = self.page(&decoded, stream)?;
        let front_matter = self.front_matter(&decoded);
        let content = Content {
            decoded: &decoded,
            page: page.as_ref(),
            front_matter: front_matter.as_ref(),
            lines: &lines,
        };
        let passages = self.passages(&content, stream);
        let Some((line, _)) = passages.first().and_then(|passage| passage.lines) else { return Ok(None) };
        let metadata = front_matter.and_then(|front_matter| self.metadata(&front_matter.fields, statistics));
        Ok(Some(Document { key: line.to_string(), line: Some(line), metadata, passages }))
    }
}

/// A text in which bytes that are not UTF-8 became U+FFFD.
#[derive(Debug)]
struct DecodedText {
    text: String,
    /// From the text to the bytes that it was decoded from.
    places: OffsetMap,
}

impl DecodedText {
    fn new(bytes: Vec<u8>) -> Self {
        let mut places = OffsetMap::default();
        match String::from_utf8(bytes) {
            Ok(text) => {
                places.push((0, text.len()), (0, text.len()));
                Self { text, places }
            }
            Err(error) => Self::lossy(error.as_bytes(), places),
        }
    }

    fn lossy(bytes: &[u8], mut places: OffsetMap) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut read = 0;
        let mut push = |text: &mut String, part: &str, length: usize| {
            places.push((text.len(), text.len() + part.len()), (read, read + length));
            text.push_str(part);
            read += length;
        };
        for chunk in bytes.utf8_chunks() {
            if !chunk.valid().is_empty() {
                push(&mut text, chunk.valid(), chunk.valid().len());
            }
            if !chunk.invalid().is_empty() {
                push(&mut text, "\u{fffd}", chunk.invalid().len());
            }
        }
        Self { text, places }
    }
}

/// Finds the line of a byte of a text.
#[derive(Debug)]
struct LineTable {
    ends: Vec<usize>,
}

impl LineTable {
    fn new(text: &[u8]) -> Self {
        Self { ends: memchr::memchr_iter(b'\n', text).collect() }
    }

    /// Counted from 1.
    fn line(&self, place: usize) -> u64 {
        self.ends.partition_point(|&end| end < place) as u64 + 1
    }

    fn count_lines_with(&self, text: &str, character: char) -> u64 {
        let mut lines: Vec<u64> = text.match_indices(character).map(|(place, _)| self.line(place)).collect();
        lines.dedup();
        lines.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::PassageSettings;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn read(bytes: &[u8], format: InputFormat) -> (Option<Document>, ReadStatistics) {
        let options =
            ReadOptions { passages: PassageSettings { tokens: 3, overlap: 0 }, ..ReadOptions::default() };
        let (mut stream, mut statistics) = (TextStream::of(bytes), ReadStatistics::default());
        let mut reader = WholeReader::new(format, None, &options, &words);
        let document = reader.next_document(&mut stream, &mut statistics).expect("the bytes are text");
        assert!(reader.next_document(&mut stream, &mut statistics).expect("the end is quiet").is_none());
        (document, statistics)
    }

    #[test]
    fn passages_know_their_lines_and_bytes() {
        let source = b"\xef\xbb\xbf\r\n  one two\r\nthree\r\n\r\nfour \xe9 \xff\r\nfive\r\n";
        let (document, statistics) = read(source, InputFormat::Text);
        let document = document.expect("the text is not blank");
        assert_eq!((document.key.as_str(), document.line), ("2", Some(2)));
        assert_eq!(statistics.replaced_lines, 1);
        let passages: Vec<_> = document
            .passages
            .iter()
            .map(|passage| (passage.text.as_str(), passage.lines, passage.origin(source)))
            .collect();
        assert_eq!(
            passages,
            [
                ("one two\r\nthree", Some((2, 3)), &b"one two\r\nthree"[..]),
                ("four \u{fffd} \u{fffd}", Some((5, 5)), b"four \xe9 \xff"),
                ("five", Some((6, 6)), b"five"),
            ]
        );
    }

    #[test]
    fn a_blank_source_has_no_document() {
        assert!(read(b"", InputFormat::Code).0.is_none());
        assert!(read(b" \n\t\n", InputFormat::Markdown).0.is_none());
        assert!(read(b"<p> </p><script>code</script>", InputFormat::Html).0.is_none());
    }

    #[test]
    fn a_nul_byte_is_an_error_that_names_its_line() {
        let mut reader = WholeReader::new(InputFormat::Code, None, &ReadOptions::default(), &words);
        let error =
            reader.next_document(&mut TextStream::of(b"a\nb\0"), &mut ReadStatistics::default()).unwrap_err();
        assert!(matches!(error, CorpusError::NotText { line: 2, .. }), "{error}");
    }

    #[test]
    fn passages_of_a_page_know_their_lines_and_bytes() {
        let source = b"<title>T</title>\n<h1>Caf\xe9 &amp; co</h1>\n<p>one <b>two</b>\nthree</p>";
        let (document, _) = read(source, InputFormat::Html);
        let passages: Vec<_> = document
            .expect("the page has text")
            .passages
            .into_iter()
            .map(|passage| (passage.text.clone(), passage.lines, passage.origin(source)))
            .collect();
        assert_eq!(
            passages,
            [
                ("Caf\u{fffd} & co".to_owned(), Some((2, 2)), &b"Caf\xe9 &amp; co"[..]),
                ("one two three".to_owned(), Some((3, 4)), b"one <b>two</b>\nthree"),
            ]
        );
    }

    #[test]
    fn passages_have_the_title_of_the_document_in_their_context() {
        let contexts = |bytes: &[u8], format, title: Option<&str>| -> Vec<Option<String>> {
            let mut reader =
                WholeReader::new(format, title.map(str::to_owned), &ReadOptions::default(), &words);
            let document = reader.next_document(&mut TextStream::of(bytes), &mut ReadStatistics::default());
            let document = document.expect("the bytes are text").expect("there is text");
            document.passages.into_iter().map(|passage| passage.context).collect()
        };
        let named = [Some("name".to_owned())];
        assert_eq!(contexts(b"text", InputFormat::Text, Some("name")), named);
        assert_eq!(contexts(b"text", InputFormat::Text, None), [None]);
        assert_eq!(contexts(b"<p>text", InputFormat::Html, Some("name")), named);
        let stated = [Some("Stated".to_owned())];
        assert_eq!(contexts(b"<title>Stated</title><p>text", InputFormat::Html, Some("name")), stated);
        assert_eq!(contexts(b"---\ntitle: Stated\n---\ntext", InputFormat::Markdown, Some("name")), stated);
        assert_eq!(contexts(b"# Name\n\ntext", InputFormat::Markdown, Some("name")), [None]);
    }

    #[test]
    fn front_matter_is_metadata_and_lines_are_those_of_the_file() {
        let source = b"---\ndraft: true\n---\n\n# One\n";
        let document = read(source, InputFormat::Markdown).0.expect("there is text");
        assert_eq!(document.metadata, serde_json::json!({"draft": true}).as_object().cloned());
        assert_eq!((document.key.as_str(), document.passages[0].lines), ("5", Some((5, 5))));
        assert_eq!(document.passages[0].origin(source), b"# One");
    }
}
