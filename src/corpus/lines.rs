//! Plain text: every non-blank line is a document.

use std::io::BufRead;

use super::{CorpusError, Document, Passage};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads documents off lines: a byte-order mark and line ends (`\n` or `\r\n`) are left out, blank lines are skipped,
/// bytes that are not UTF-8 become U+FFFD and are counted, a NUL byte is an error.
#[derive(Debug)]
pub struct LineReader<R> {
    reader: R,
    name: String,
    buffer: Vec<u8>,
    line: u64,
    offset: u64,
    blank_lines: u64,
    replaced_lines: u64,
}

impl<R: BufRead> LineReader<R> {
    /// Reads from the start of `reader`; `name` is named in errors.
    pub const fn new(reader: R, name: String) -> Self {
        Self { reader, name, buffer: Vec::new(), line: 0, offset: 0, blank_lines: 0, replaced_lines: 0 }
    }

    /// Bytes read so far.
    #[must_use]
    pub const fn bytes_read(&self) -> u64 {
        self.offset
    }

    /// Lines so far that had nothing but white space.
    #[must_use]
    pub const fn blank_lines(&self) -> u64 {
        self.blank_lines
    }

    /// Lines so far in which bytes that are not UTF-8 were replaced.
    #[must_use]
    pub const fn replaced_lines(&self) -> u64 {
        self.replaced_lines
    }

    fn next_document(&mut self) -> Result<Option<Document>, CorpusError> {
        loop {
            let start = self.offset;
            self.buffer.clear();
            let read = self
                .reader
                .read_until(b'\n', &mut self.buffer)
                .map_err(|source| CorpusError::Read { name: self.name.clone(), source })?;
            if read == 0 {
                return Ok(None);
            }
            self.offset += read as u64;
            self.line += 1;
            if self.buffer.contains(&0) {
                return Err(CorpusError::NotText { name: self.name.clone(), line: self.line });
            }
            if let Some(document) = self.document(start) {
                return Ok(Some(document));
            }
            self.blank_lines += 1;
        }
    }

    /// The document on the line in the buffer, which starts at byte `line_start` of the source.
    fn document(&mut self, line_start: u64) -> Option<Document> {
        let marked = line_start == 0 && self.buffer.starts_with(BYTE_ORDER_MARK);
        let skipped = if marked { BYTE_ORDER_MARK.len() } else { 0 };
        let bytes = &self.buffer[skipped..];
        let trimmed = bytes.trim_ascii();
        let decoded = String::from_utf8_lossy(trimmed);
        if decoded.trim().is_empty() {
            return None;
        }
        self.replaced_lines += u64::from(matches!(decoded, std::borrow::Cow::Owned(_)));
        let leading = bytes.len() - bytes.trim_ascii_start().len();
        let start = line_start + (skipped + leading) as u64;
        let passage = Passage {
            bytes: Some((start, start + trimmed.len() as u64)),
            lines: Some((self.line, self.line)),
            text: decoded.into_owned(),
        };
        Some(Document {
            key: self.line.to_string(),
            line: Some(self.line),
            metadata: None,
            passages: vec![passage],
        })
    }
}

impl<R: BufRead> Iterator for LineReader<R> {
    type Item = Result<Document, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_document().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(bytes: &[u8]) -> Vec<Document> {
        LineReader::new(bytes, "test".to_owned()).collect::<Result<_, _>>().expect("the bytes are text")
    }

    #[test]
    fn line_ends_byte_order_mark_and_blank_lines_are_left_out_and_positions_stay_true() {
        let source = b"\xef\xbb\xbffirst\r\n\r\n \t\n  second \nthird";
        let read = documents(source);
        let texts: Vec<&str> = read.iter().map(|document| document.passages[0].text.as_str()).collect();
        assert_eq!(texts, ["first", "second", "third"]);
        assert_eq!(
            read.iter().map(|document| document.line).collect::<Vec<_>>(),
            [Some(1), Some(4), Some(5)]
        );
        for document in &read {
            let (start, end) = document.passages[0].bytes.expect("a line has a place");
            assert_eq!(&source[start as usize..end as usize], document.passages[0].text.as_bytes());
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_and_their_lines_counted() {
        let mut reader = LineReader::new(&b"caf\xe9\nplain\n\xff\xfe!\n"[..], "test".to_owned());
        let texts: Vec<String> =
            reader.by_ref().map(|document| document.unwrap().passages[0].text.clone()).collect();
        assert_eq!(texts, ["caf\u{fffd}", "plain", "\u{fffd}\u{fffd}!"]);
        assert_eq!(reader.replaced_lines(), 2);
    }

    #[test]
    fn a_nul_byte_is_an_error_that_names_its_line() {
        let mut reader = LineReader::new(&b"text\nbin\0ary\n"[..], "test".to_owned());
        assert!(reader.next().is_some_and(|document| document.is_ok()));
        let error = reader.next().expect("the second line is an error").unwrap_err();
        assert!(matches!(error, CorpusError::NotText { line: 2, .. }), "{error}");
    }

    #[test]
    fn an_empty_source_has_no_documents() {
        assert!(documents(b"").is_empty());
        assert!(documents(b"\xef\xbb\xbf\r\n \n").is_empty());
    }
}
