//! Every format reads a text of any structure in a time that its length decides.

use std::time::{Duration, Instant};

use embed::corpus::{InputFormat, PageExtent, PassageSettings, ReadOptions};
use embed::words::{TextTerms, WordQuery};

use super::bytes::Bytes;
use super::reading::{options, read, records};

/// The bytes of a text, and the time in which the slowest build reads it.
const LONG: usize = 128 << 10;
const LONGEST: Duration = Duration::from_secs(4);

/// Format and tokens; the lengths of a beginning and of a unit; beginning, unit, end. The unit is repeated.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let format = bytes.pick(&InputFormat::ALL);
    let tokens = bytes.pick(&[2, 16, 256]);
    let page = bytes.pick(&[PageExtent::Main, PageExtent::Whole]);
    let (before, length) = (usize::from(bytes.byte() % 64), usize::from(bytes.byte() % 64));
    let (before, unit) = (bytes.slice(before), bytes.slice(length));
    if unit.is_empty() {
        return;
    }
    let text = [before, &unit.repeat(LONG / unit.len()), bytes.0].concat();
    let start = Instant::now();
    let settings = PassageSettings { tokens, overlap: tokens / 8 };
    let options = ReadOptions { page, ..options(format, settings) };
    read(&text, &options);
    records(&text, &options);
    let text = String::from_utf8_lossy(&text);
    drop(TextTerms::of(&text));
    drop(WordQuery::parse(&text));
    let time = start.elapsed();
    assert!(time < LONGEST, "{format} took {time:?}");
}
