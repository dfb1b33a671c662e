//! Passages of prose, Markdown and code are stretches of the source in order, and nothing is lost between them.

use embed::corpus::{InputFormat, PassageSettings, sentences};

use super::bytes::Bytes;
use super::reading::{count_words, options, read};

/// Format, tokens and overlap; the source.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let format = bytes.pick(&[InputFormat::Markdown, InputFormat::Text, InputFormat::Code]);
    let tokens = 2 + usize::from(bytes.byte() % 64);
    let overlap = usize::from(bytes.byte()) % tokens;
    let source = bytes.0;
    let (documents, report) = read(source, &options(format, PassageSettings { tokens, overlap }));
    if let Ok(text) = std::str::from_utf8(source) {
        check_sentences(text);
    }
    if report.is_none() || [b"\xff\xfe", b"\xfe\xff"].iter().any(|mark| source.starts_with(*mark)) {
        return;
    }
    let text = |start: u64, end: u64| String::from_utf8_lossy(&source[start as usize..end as usize]);
    let is_blank = |start, end| text(start, end).trim_start_matches('\u{feff}').trim().is_empty();
    let mut covered = 0;
    let passages: Vec<_> = documents.into_iter().flat_map(|document| document.passages).collect();
    // Front matter is not a part of any passage.
    let has_front_matter = format == InputFormat::Markdown
        && text(0, source.len() as u64).trim_start_matches('\u{feff}').starts_with("---");
    if has_front_matter && let Some((start, _)) = passages.first().and_then(|passage| passage.bytes) {
        covered = start;
    }
    let mut last_start = 0;
    for passage in &passages {
        let (start, end) = passage.bytes.expect("the source is UTF-8");
        assert_eq!(passage.text, text(start, end), "the text of a passage is that of the source");
        assert!(start >= last_start && end > covered, "{passage:?} after {covered}");
        assert!(start <= covered || is_blank(covered, start), "lost: {:?}", text(covered, start));
        let context = passage.context.as_deref().unwrap_or_default();
        let size = count_words(&passage.text) + count_words(context);
        assert!(size <= tokens, "{passage:?} has {size} tokens of at most {tokens}");
        (last_start, covered) = (start, end);
    }
    if !(has_front_matter && passages.is_empty()) {
        let end = source.len() as u64;
        assert!(is_blank(covered, end), "lost: {:?}", text(covered, end));
    }
}

fn check_sentences(text: &str) {
    let plain = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    for line in text.lines() {
        assert_eq!(plain(&sentences(line).concat()), plain(line));
    }
}
