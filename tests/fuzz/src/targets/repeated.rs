//! Every format reads a text of any structure in a time that its length decides.

use std::time::{Duration, Instant};

use embed::corpus::{InputFormat, PageExtent, PassageSettings, ReadOptions};
use embed::words::{TextTerms, WordQuery};

use super::bytes::Bytes;
use super::reading::{options, read, records};

/// The bytes of a text.
const LONG: usize = 32 << 10;

/// What is read faster is not measured again.
const QUICK: Duration = Duration::from_millis(1500);

/// Format, tokens and page; the lengths of a beginning and of a unit; beginning, unit, end. The unit is repeated.
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
    let settings = PassageSettings { tokens, overlap: tokens / 8 };
    let options = ReadOptions { page, ..options(format, settings) };
    let time = |length: usize| {
        let text = [before, &unit.repeat(length / unit.len()), bytes.0].concat();
        let start = Instant::now();
        read(&text, &options);
        records(&text, &options);
        let text = String::from_utf8_lossy(&text);
        drop((TextTerms::of(&text), WordQuery::parse(&text)));
        start.elapsed()
    };
    // Another program may have the processor for a while.
    let least = |length| (0..3).map(|_| time(length)).min().expect("three times");
    if time(LONG) > QUICK {
        let (long, half) = (least(LONG), least(LONG / 2));
        assert!(
            long < QUICK || long < 3 * half,
            "{format} takes {half:?} for a half and {long:?} for the whole"
        );
    }
}
