//! Pages.

use embed::corpus::{InputFormat, PageExtent, Passage, PassageSettings, ReadOptions};

use super::bytes::Bytes;
use super::reading::{options, read};

/// Tokens; the page.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let tokens = 2 + usize::from(bytes.byte() % 64);
    let of = |page| {
        let settings = PassageSettings { tokens, overlap: 0 };
        let options = ReadOptions { page, ..options(InputFormat::Html, settings) };
        let (documents, report) = read(bytes.0, &options);
        let passages: Vec<Passage> = documents.into_iter().flat_map(|document| document.passages).collect();
        (passages, report.is_some())
    };
    let (main, main_is_read) = of(PageExtent::Main);
    let (whole, whole_is_read) = of(PageExtent::Whole);
    assert_eq!(
        main_is_read, whole_is_read,
        "how much is read of a page does not decide whether it can be read"
    );
    for passages in [&main, &whole] {
        let starts: Vec<_> = passages.iter().filter_map(|passage| passage.bytes).collect();
        assert!(starts.is_sorted(), "{passages:?}");
    }
}
