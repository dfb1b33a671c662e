//! Plain text: every non-blank line is a document.

use super::document::{Document, Passage};
use super::document_format::DocumentFormat;
use super::error::CorpusError;
use super::statistics::ReadStatistics;
use super::stream::{Completeness, Replacement, TextStream, drop_last_character};

/// Reads lines and trims them. Bytes that are not UTF-8 become U+FFFD, and a line beyond the limit is cut.
#[derive(Debug)]
pub(super) struct TrimmedLines {
    limit: u64,
    buffer: Vec<u8>,
}

/// A line without its end and surrounding white space.
#[derive(Debug)]
pub(super) struct TrimmedLine {
    /// Counted from 1.
    pub(super) number: u64,
    /// Whether the line is whole.
    pub(super) extent: Completeness,
    pub(super) content: LineContent,
}

#[derive(Debug)]
pub(super) enum LineContent {
    Blank,
    /// The line has a NUL byte.
    NotText,
    Text {
        text: String,
        /// The position in the text of the source.
        start: u64,
        end: u64,
        replacement: Replacement,
    },
}

impl TrimmedLines {
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, buffer: Vec::new() }
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self, stream: &mut TextStream) -> Result<Option<TrimmedLine>, CorpusError> {
        let Some(line) = stream.read_line(&mut self.buffer, self.limit)? else { return Ok(None) };
        let bytes = match line.extent {
            Completeness::Whole => self.buffer.as_slice(),
            Completeness::Cut => drop_last_character(&self.buffer),
        };
        let content = if memchr::memchr(0, &self.buffer).is_some() {
            LineContent::NotText
        } else {
            trimmed(bytes, line.start, stream)
        };
        Ok(Some(TrimmedLine { number: line.number, extent: line.extent, content }))
    }
}

/// The content of a line that starts at byte `line_start` of the text.
fn trimmed(bytes: &[u8], line_start: u64, stream: &TextStream) -> LineContent {
    let (decoded, replacement) = stream.decode(bytes);
    let text = decoded.trim();
    if text.is_empty() {
        return LineContent::Blank;
    }
    // White space is never a replacement, so it has as many bytes in the source.
    let leading = decoded.len() - decoded.trim_start().len();
    let trailing = decoded.len() - decoded.trim_end().len();
    LineContent::Text {
        start: line_start + leading as u64,
        end: line_start + (bytes.len() - trailing) as u64,
        text: text.to_owned(),
        replacement,
    }
}

/// Makes every line with a text a document. Blank lines are counted, and a NUL byte is an error.
#[derive(Debug)]
pub(super) struct LineReader {
    lines: TrimmedLines,
}

impl LineReader {
    pub(super) const fn new(limit: u64) -> Self {
        Self { lines: TrimmedLines::new(limit) }
    }
}

impl DocumentFormat for LineReader {
    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError> {
        while let Some(TrimmedLine { number, extent, content }) = self.lines.next_line(stream)? {
            statistics.cut_lines += u64::from(extent == Completeness::Cut);
            match content {
                LineContent::NotText => {
                    return Err(CorpusError::NotText { name: stream.name(), line: number });
                }
                LineContent::Blank => statistics.blank_lines += 1,
                LineContent::Text { text, start, end, replacement } => {
                    statistics.replaced_lines += u64::from(replacement == Replacement::Some);
                    let bytes = stream.source_range(start, end);
                    let passages =
                        vec![Passage { text, context: None, lines: Some((number, number)), bytes }];
                    return Ok(Some(Document {
                        key: number.to_string(),
                        line: Some(number),
                        metadata: None,
                        passages,
                    }));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], limit: u64) -> Result<(Vec<Document>, ReadStatistics), CorpusError> {
        let (mut stream, mut statistics) = (TextStream::of(bytes), ReadStatistics::default());
        let mut reader = LineReader::new(limit);
        let mut documents = Vec::new();
        while let Some(document) = reader.next_document(&mut stream, &mut statistics)? {
            documents.push(document);
        }
        Ok((documents, statistics))
    }

    fn texts(documents: &[Document]) -> Vec<&str> {
        documents.iter().map(|document| document.passages[0].text.as_str()).collect()
    }

    #[test]
    fn line_ends_byte_order_mark_and_blank_lines_are_left_out_and_positions_stay_true() {
        let source = b"\xef\xbb\xbffirst\r\n\r\n \t\n  second \nthird";
        let (documents, _) = read(source, 1 << 20).unwrap();
        assert_eq!(texts(&documents), ["first", "second", "third"]);
        assert_eq!(
            documents.iter().map(|document| document.line).collect::<Vec<_>>(),
            [Some(1), Some(4), Some(5)]
        );
        for document in &documents {
            assert_eq!(document.passages[0].origin(source), document.passages[0].text.as_bytes());
        }
    }

    #[test]
    fn white_space_of_any_script_is_trimmed_and_positions_stay_true() {
        let source = "\u{3000}\u{a0}first \u{2003}\r\n\u{3000}\n".as_bytes();
        let (documents, statistics) = read(source, 1 << 20).unwrap();
        assert_eq!(texts(&documents), ["first"]);
        assert_eq!(documents[0].passages[0].origin(source), b"first");
        assert_eq!(statistics.blank_lines, 1);
        let faulty = b"\xe3\x80\x80 \xff a \xfe \xe3\x80\x80\n";
        let (documents, _) = read(faulty, 1 << 20).unwrap();
        assert_eq!(texts(&documents), ["\u{fffd} a \u{fffd}"]);
        assert_eq!(documents[0].passages[0].origin(faulty), b"\xff a \xfe");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_their_lines_counted() {
        let (documents, statistics) = read(b"caf\xe9\nplain\n\xff\xfe!\n", 1 << 20).unwrap();
        assert_eq!(texts(&documents), ["caf\u{fffd}", "plain", "\u{fffd}\u{fffd}!"]);
        assert_eq!(statistics.replaced_lines, 2);
    }

    #[test]
    fn a_nul_byte_is_an_error_that_names_its_line() {
        let error = read(b"text\nbin\0ary\n", 1 << 20).unwrap_err();
        assert!(matches!(error, CorpusError::NotText { line: 2, .. }), "{error}");
    }

    #[test]
    fn a_line_beyond_the_limit_keeps_its_start_in_whole_characters() {
        let (documents, statistics) = read("ééééé\nnext\n".as_bytes(), 5).unwrap();
        assert_eq!(texts(&documents), ["éé", "next"]);
        assert_eq!((statistics.cut_lines, statistics.replaced_lines), (1, 0));
        assert_eq!(documents[0].passages[0].bytes, Some((0, 4)));
    }

    #[test]
    fn a_line_of_the_limit_is_whole_whatever_ends_it() {
        for source in ["abcde\nnext\n", "next\nabcde", "abcde"] {
            let (documents, statistics) = read(source.as_bytes(), 5).unwrap();
            assert!(texts(&documents).contains(&"abcde"), "{source:?}");
            assert_eq!(statistics.cut_lines, 0, "{source:?}");
        }
    }

    #[test]
    fn an_empty_source_has_no_documents() {
        assert!(read(b"", 1 << 20).unwrap().0.is_empty());
        assert!(read(b"\xef\xbb\xbf\r\n \n", 1 << 20).unwrap().0.is_empty());
    }
}
