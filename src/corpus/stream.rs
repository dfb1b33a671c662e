//! A source while it is read: its text as UTF-8, the position, and the facts of what was read.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::encoding::{DecodingReader, TextEncoding, Transcoding};
use super::error::CorpusError;
use super::facts::{ContentFacts, SourceFacts};
use super::lookahead::LookaheadReader;
use super::measure::MeasuredReader;

/// Text that may hold bytes that are not UTF-8, read once from start to end.
#[derive(Debug)]
pub(super) struct TextStream {
    name: String,
    reader: LookaheadReader<DecodingReader>,
    transcoding: Transcoding,
    facts: SourceFacts,
    /// Bytes of text consumed.
    offset: u64,
    /// Line ends consumed.
    line_ends: u64,
}

/// A line that was read; its bytes are in the caller's buffer, with its end unless it was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// Its start in the text.
    pub(super) start: u64,
    /// How much of it the buffer holds.
    pub(super) extent: Completeness,
}

/// Whether a line or a row was kept whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completeness {
    Whole,
    /// The start; the rest exceeds a limit.
    Cut,
}

/// Whether bytes that are not UTF-8 became U+FFFD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Replacement {
    None,
    Some,
}

impl TextStream {
    pub(super) fn new(
        name: String,
        reader: Box<dyn Read + Send>,
        encoding: TextEncoding,
        facts: SourceFacts,
    ) -> Result<Self, CorpusError> {
        match DecodingReader::new(MeasuredReader::new(reader), encoding) {
            Ok((reader, transcoding)) => {
                let reader = LookaheadReader::new(reader);
                Ok(Self { name, reader, transcoding, facts, offset: 0, line_ends: 0 })
            }
            Err(source) => Err(CorpusError::Read { name, source }),
        }
    }

    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let reader = Box::new(io::Cursor::new(bytes.to_vec()));
        Self::new("test".to_owned(), reader, TextEncoding::Auto, SourceFacts::default())
            .expect("bytes can be read")
    }

    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    pub(super) const fn facts(&self) -> SourceFacts {
        self.facts
    }

    /// Bytes of the source so far, read ahead included.
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.source().bytes_read()
    }

    /// Bytes of text consumed.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The line that the next byte is on, counted from 1.
    pub(super) const fn line(&self) -> u64 {
        self.line_ends + 1
    }

    /// The range of the source for a range of the text.
    pub(super) const fn source_range(&self, start: u64, end: u64) -> Option<(u64, u64)> {
        match self.transcoding {
            Transcoding::None { first_byte } => Some((start + first_byte, end + first_byte)),
            Transcoding::Done => None,
        }
    }

    /// Bytes of the text as a string.
    pub(super) fn decode<'bytes>(&self, bytes: &'bytes [u8]) -> (Cow<'bytes, str>, Replacement) {
        let decoded = String::from_utf8_lossy(bytes);
        let is_replaced = match self.transcoding {
            Transcoding::None { .. } => matches!(decoded, Cow::Owned(_)),
            Transcoding::Done => decoded.contains(char::REPLACEMENT_CHARACTER),
        };
        (decoded, if is_replaced { Replacement::Some } else { Replacement::None })
    }

    /// The next bytes; empty at the end.
    pub(super) fn peek(&mut self) -> Result<&[u8], CorpusError> {
        match self.reader.fill_buf() {
            Ok(bytes) => Ok(bytes),
            Err(source) => Err(CorpusError::Read { name: self.name.clone(), source }),
        }
    }

    /// Reads more after the bytes of [`TextStream::peek`]. Returns the number of bytes that were added; 0 at the end.
    pub(super) fn peek_further(&mut self) -> Result<usize, CorpusError> {
        self.reader.extend().map_err(|source| self.read_error(source))
    }

    /// Consumes `bytes` of the bytes of [`TextStream::peek`].
    pub(super) fn consume(&mut self, bytes: usize) {
        let consumed = &self.reader.buffered()[..bytes];
        self.line_ends += memchr::memchr_iter(b'\n', consumed).count() as u64;
        self.offset += bytes as u64;
        self.reader.consume(bytes);
    }

    /// Reads the next line into `buffer`, at most `limit` bytes of it; `None` at the end.
    pub(super) fn read_line(
        &mut self,
        buffer: &mut Vec<u8>,
        limit: u64,
    ) -> Result<Option<Line>, CorpusError> {
        buffer.clear();
        let (number, start) = (self.line(), self.offset);
        let (read, skipped) = self.fill_line(buffer, limit).map_err(|source| self.read_error(source))?;
        if read == 0 {
            return Ok(None);
        }
        self.offset += read + skipped;
        self.line_ends += 1;
        let extent = if skipped == 0 { Completeness::Whole } else { Completeness::Cut };
        Ok(Some(Line { number, start, extent }))
    }

    /// The bytes of the next line that were read into `buffer`, and those beyond the limit.
    fn fill_line(&mut self, buffer: &mut Vec<u8>, limit: u64) -> io::Result<(u64, u64)> {
        let read = self.reader.by_ref().take(limit).read_until(b'\n', buffer)? as u64;
        if read < limit || buffer.ends_with(b"\n") {
            return Ok((read, 0));
        }
        // The end of a line does not count toward the limit.
        if self.reader.fill_buf()?.first() == Some(&b'\n') {
            self.reader.consume(1);
            buffer.push(b'\n');
            return Ok((read + 1, 0));
        }
        Ok((read, self.reader.skip_until(b'\n')? as u64))
    }

    /// Reads the rest.
    ///
    /// # Errors
    ///
    /// [`CorpusError::TooLarge`] beyond `limit` bytes.
    pub(super) fn read_whole(&mut self, limit: u64) -> Result<Vec<u8>, CorpusError> {
        let size = self.facts.size.unwrap_or(0).min(limit);
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        self.reader
            .by_ref()
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| self.read_error(source))?;
        if bytes.len() as u64 > limit {
            return Err(CorpusError::TooLarge { name: self.name(), limit });
        }
        Ok(bytes)
    }

    /// Refuses a source whose first block has a NUL byte, before the rest is read.
    pub(super) fn expect_text(&mut self) -> Result<(), CorpusError> {
        let block = self.peek()?;
        let Some(position) = memchr::memchr(0, block) else { return Ok(()) };
        let line_ends = memchr::memchr_iter(b'\n', &block[..position]).count() as u64;
        Err(CorpusError::NotText { name: self.name(), line: self.line() + line_ends })
    }

    /// Reads the rest and returns the facts of the whole.
    pub(super) fn finish(self) -> Result<ContentFacts, CorpusError> {
        let Self { name, reader, .. } = self;
        reader.into_source().finish().map_err(|source| CorpusError::Read { name, source })
    }

    fn read_error(&self, source: io::Error) -> CorpusError {
        CorpusError::Read { name: self.name(), source }
    }
}

/// The bytes without the last character, which may be incomplete after a cut.
pub(super) fn drop_last_character(bytes: &[u8]) -> &[u8] {
    let is_continuation = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    let continuation = bytes.iter().rev().take_while(is_continuation).count();
    &bytes[..(bytes.len() - continuation).saturating_sub(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_beyond_the_limit_is_cut_and_the_next_one_is_whole() {
        let mut stream = TextStream::of(b"0123456789\nab\n\nfull\nlast");
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        while let Some(line) = stream.read_line(&mut buffer, 4).unwrap() {
            lines.push((line.number, line.start, line.extent, buffer.clone()));
        }
        assert_eq!(
            lines,
            [
                (1, 0, Completeness::Cut, b"0123".to_vec()),
                (2, 11, Completeness::Whole, b"ab\n".to_vec()),
                (3, 14, Completeness::Whole, b"\n".to_vec()),
                (4, 15, Completeness::Whole, b"full\n".to_vec()),
                (5, 20, Completeness::Whole, b"last".to_vec()),
            ]
        );
    }

    #[test]
    fn the_facts_are_of_the_whole_content_even_if_reading_stopped_early() {
        let stream = TextStream::of(b"abc");
        let facts = stream.finish().unwrap();
        assert_eq!(facts.bytes, 3);
        // FIPS 180-2, appendix B.1.
        assert_eq!(facts.sha256[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn a_whole_text_beyond_the_limit_is_refused() {
        assert_eq!(TextStream::of(b"four").read_whole(4).unwrap(), b"four");
        let error = TextStream::of(b"fives").read_whole(4).unwrap_err();
        assert!(matches!(error, CorpusError::TooLarge { limit: 4, .. }), "{error}");
    }
}
