//! From the bytes of a source to UTF-8.
//!
//! A byte-order mark decides; without one, the encoding that the user named; without that, the source is UTF-8. Nothing
//! is guessed from the text, so the same bytes give the same text everywhere. Latin-1 is therefore chosen by name, and
//! means windows-1252, as on the web.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::mem;
use std::path::Path;
use std::str::FromStr;

use encoding_rs::Decoder;

use super::facts::ContentFacts;
use super::measure::MeasuredReader;

const BLOCK_BYTES: usize = 64 * 1024;
/// The byte-order marks of UTF-8 and both orders of UTF-16.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe"];

/// How the bytes of a source without a byte-order mark are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextEncoding {
    /// As UTF-8.
    #[default]
    Auto,
    /// As the encoding that the user named.
    Named(&'static encoding_rs::Encoding),
}

/// A label that names no character encoding of the web.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no encoding is called {label:?}; give auto, utf-8, utf-16le, latin1 or another label of the web")]
pub struct UnknownEncoding {
    /// The label as typed.
    pub label: String,
}

impl FromStr for TextEncoding {
    type Err = UnknownEncoding;

    /// `auto`, or a label of the WHATWG Encoding Standard (`latin1`, `utf-16le`, `shift_jis`).
    fn from_str(label: &str) -> Result<Self, UnknownEncoding> {
        if label.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())
            .map(Self::Named)
            .ok_or_else(|| UnknownEncoding { label: label.to_owned() })
    }
}

impl fmt::Display for TextEncoding {
    /// A label that reads back as the same encoding.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Named(encoding) => encoding.name(),
        })
    }
}

/// Reads the file at `path` as UTF-8, without its byte-order mark: a mark or `encoding` says what it is.
///
/// # Errors
///
/// What the system says.
pub fn open_decoded(path: &Path, encoding: TextEncoding) -> io::Result<impl BufRead + use<>> {
    let source = MeasuredReader::new(Box::new(File::open(path)?));
    let (reader, _) = DecodingReader::new(source, encoding)?;
    Ok(BufReader::new(reader))
}

/// Whether the bytes of the text are those of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transcoding {
    /// They are, invalid bytes included, from this byte of the source on.
    None { first_byte: u64 },
    /// The text was decoded: byte ranges of the text do not apply to the source.
    Done,
}

/// Reads a source as UTF-8, without its byte-order mark. Bytes of a UTF-8 source pass unchanged.
#[derive(Debug)]
pub(super) struct DecodingReader {
    source: MeasuredReader,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// Decoded text; the part before `handed_out` was read.
    text: Vec<u8>,
    handed_out: usize,
    state: DecodingState,
}

#[derive(Debug, PartialEq, Eq)]
enum DecodingState {
    Reading,
    AtEnd,
}

impl DecodingReader {
    /// Reads the byte-order mark, if there is one.
    pub(super) fn new(mut source: MeasuredReader, encoding: TextEncoding) -> io::Result<(Self, Transcoding)> {
        let mut raw = first_block(&mut source)?;
        let (found, mark_bytes) = match (encoding_rs::Encoding::for_bom(&raw), encoding) {
            (Some((found, length)), _) => (found, length),
            (None, TextEncoding::Named(named)) => (named, 0),
            (None, TextEncoding::Auto) => (encoding_rs::UTF_8, 0),
        };
        raw.drain(..mark_bytes);
        let (text, handed_out, state) = (Vec::new(), 0, DecodingState::Reading);
        if found == encoding_rs::UTF_8 {
            let text = mem::take(&mut raw);
            let transcoding = Transcoding::None { first_byte: mark_bytes as u64 };
            return Ok((Self { source, decoder: None, raw, text, handed_out, state }, transcoding));
        }
        let decoder = Some(found.new_decoder_without_bom_handling());
        let mut reader = Self { source, decoder, raw, text, handed_out, state };
        reader.decode();
        Ok((reader, Transcoding::Done))
    }

    pub(super) const fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    pub(super) fn finish(self) -> io::Result<ContentFacts> {
        self.source.finish()
    }

    /// Decodes the raw bytes.
    fn decode(&mut self) {
        let Some(decoder) = &mut self.decoder else { return };
        let room =
            decoder.max_utf8_buffer_length(self.raw.len()).expect("a block of text is far from 2^64 bytes");
        self.text.resize(room, 0);
        let (_, _, written, _) =
            decoder.decode_to_utf8(&self.raw, &mut self.text, self.state == DecodingState::AtEnd);
        self.text.truncate(written);
        self.handed_out = 0;
    }

    fn refill(&mut self) -> io::Result<()> {
        self.raw.resize(BLOCK_BYTES, 0);
        let read = self.source.read(&mut self.raw)?;
        self.raw.truncate(read);
        if read == 0 {
            self.state = DecodingState::AtEnd;
        }
        self.decode();
        Ok(())
    }
}

/// The bytes of the first read, or of more reads if they may be the start of a byte-order mark. A program that writes a
/// line and waits for the answer may have written only a byte and a line end.
fn first_block(source: &mut MeasuredReader) -> io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut filled = 0;
    while MARKS.iter().any(|mark| filled < mark.len() && mark.starts_with(&block[..filled])) {
        match source.read(&mut block[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    block.truncate(filled);
    Ok(block)
}

impl Read for DecodingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.handed_out == self.text.len() {
            match (&self.decoder, &self.state) {
                (None, _) => return self.source.read(buffer),
                (Some(_), DecodingState::AtEnd) => return Ok(0),
                (Some(_), DecodingState::Reading) => self.refill()?,
            }
        }
        let read = (&self.text[self.handed_out..]).read(buffer)?;
        self.handed_out += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &'static [u8], encoding: TextEncoding) -> (Vec<u8>, Transcoding) {
        let (mut reader, transcoding) =
            DecodingReader::new(MeasuredReader::new(Box::new(bytes)), encoding).expect("bytes can be read");
        let mut text = Vec::new();
        reader.read_to_end(&mut text).expect("bytes can be read");
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
        (text, transcoding)
    }

    #[test]
    fn a_byte_order_mark_wins_over_the_named_encoding() {
        let latin1: TextEncoding = "latin1".parse().unwrap();
        for encoding in [TextEncoding::Auto, latin1] {
            assert_eq!(decoded(b"\xff\xfeh\0\xe9\0", encoding), ("hé".into(), Transcoding::Done));
            assert_eq!(decoded(b"\xfe\xff\0h\0\xe9", encoding), ("hé".into(), Transcoding::Done));
            assert_eq!(
                decoded(b"\xef\xbb\xbfh\xc3\xa9", encoding),
                ("hé".into(), Transcoding::None { first_byte: 3 })
            );
        }
    }

    #[test]
    fn latin1_is_read_when_it_is_named_and_is_faulty_utf8_otherwise() {
        let latin1: TextEncoding = "latin1".parse().unwrap();
        assert_eq!(decoded(b"caf\xe9 \x80", latin1), ("café €".into(), Transcoding::Done));
        assert_eq!(
            decoded(b"caf\xe9", TextEncoding::Auto),
            (b"caf\xe9".to_vec(), Transcoding::None { first_byte: 0 })
        );
    }

    /// Returns a byte at a time, and panics once it has none left.
    struct Dripping(&'static [u8]);

    impl Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (first, rest) = self.0.split_first().expect("no more is asked for than is needed");
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    #[test]
    fn the_first_block_waits_for_a_byte_order_mark_only_where_one_may_come() {
        for (given, text) in [(&b"a"[..], &b"a"[..]), (b"\xefa", b"\xefa"), (b"\xef\xbb\xbfa", b"a")] {
            let source = MeasuredReader::new(Box::new(Dripping(given)));
            let (mut reader, _) = DecodingReader::new(source, TextEncoding::Auto).unwrap();
            let mut read = vec![0; text.len()];
            reader.read_exact(&mut read).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn half_a_character_at_the_end_is_replaced() {
        assert_eq!(decoded(b"\xff\xfeh\0\xe9", TextEncoding::Auto).0, "h\u{fffd}".as_bytes());
    }

    #[test]
    fn an_unknown_encoding_is_an_error_that_names_it() {
        let error = "klingon".parse::<TextEncoding>().unwrap_err();
        assert_eq!(error.label, "klingon");
        for label in ["AUTO", "latin1", "utf-16be", "sjis", "utf8"] {
            let encoding: TextEncoding = label.parse().unwrap();
            assert_eq!(encoding.to_string().parse::<TextEncoding>().unwrap(), encoding, "{label}");
        }
    }
}
