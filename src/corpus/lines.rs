//! Plain text: every non-blank line is a document.

use super::reader::DocumentFormat;
use super::stream::{Extent, Line, Replacement, TextStream};
use super::{CorpusError, Document, Passage, ReadStatistics};

/// Reads documents off lines: line ends (`\n` or `\r\n`) are left out, blank lines are skipped, bytes that are not
/// UTF-8 become U+FFFD, a NUL byte is an error, and of a line beyond the limit the start is kept.
#[derive(Debug)]
pub(super) struct LineReader {
    limit: u64,
    buffer: Vec<u8>,
}

impl LineReader {
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, buffer: Vec::new() }
    }

    /// The document on the line in the buffer; `None` if it is blank.
    fn document(&self, line: Line, stream: &TextStream, statistics: &mut ReadStatistics) -> Option<Document> {
        let trimmed = self.buffer.trim_ascii();
        let (decoded, replacement) = stream.decode(trimmed);
        if decoded.trim().is_empty() {
            return None;
        }
        statistics.replaced_lines += u64::from(replacement == Replacement::Some);
        let leading = self.buffer.len() - self.buffer.trim_ascii_start().len();
        let start = line.start + leading as u64;
        let passage = Passage {
            bytes: stream.source_range(start, start + trimmed.len() as u64),
            lines: Some((line.number, line.number)),
            text: decoded.into_owned(),
        };
        Some(Document {
            key: line.number.to_string(),
            line: Some(line.number),
            metadata: None,
            passages: vec![passage],
        })
    }
}

impl DocumentFormat for LineReader {
    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError> {
        while let Some(line) = stream.read_line(&mut self.buffer, self.limit)? {
            if memchr::memchr(0, &self.buffer).is_some() {
                return Err(CorpusError::NotText { name: stream.name(), line: line.number });
            }
            if line.extent == Extent::Cut {
                drop_last_character(&mut self.buffer);
                statistics.cut_lines += 1;
            }
            if let Some(document) = self.document(line, stream, statistics) {
                return Ok(Some(document));
            }
            statistics.blank_lines += 1;
        }
        Ok(None)
    }
}

/// A cut may have gone through the last character.
fn drop_last_character(bytes: &mut Vec<u8>) {
    while bytes.pop_if(|byte| *byte & 0b1100_0000 == 0b1000_0000).is_some() {}
    bytes.pop();
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
    fn an_empty_source_has_no_documents() {
        assert!(read(b"", 1 << 20).unwrap().0.is_empty());
        assert!(read(b"\xef\xbb\xbf\r\n \n", 1 << 20).unwrap().0.is_empty());
    }
}
