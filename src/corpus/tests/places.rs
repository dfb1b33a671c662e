//! The places of passages in their source.

use std::io;

use proptest::prelude::*;

use super::words;
use crate::corpus::reader::OpenSource;
use crate::corpus::stream::TextStream;
use crate::corpus::*;

/// A source of Markdown.
#[derive(Debug)]
struct MarkdownSource {
    bytes: Vec<u8>,
    /// Where its text starts, after a byte order mark and front matter.
    text_start: usize,
}

fn paragraph() -> impl Strategy<Value = String> {
    let sentence = "[A-ZÉ][a-zé]{0,4}( [a-zé雨\u{a0}😀]{1,6}){0,5}[.!?]";
    prop::collection::vec((sentence, prop::sample::select(vec![" ", "\n", "  \n"])), 1..9).prop_map(|parts| {
        parts.into_iter().flat_map(|(sentence, space)| [sentence, space.to_owned()]).collect()
    })
}

/// Lines, each after a prefix.
fn prefixed(prefixes: &'static [&'static str]) -> impl Strategy<Value = String> {
    let line = (prop::sample::select(prefixes), "[a-z雨]{1,5}( [a-zé]{1,5}){0,4}");
    prop::collection::vec(line, 1..8).prop_map(|lines| {
        lines.into_iter().flat_map(|(prefix, line)| [prefix.to_owned(), line, "\n".to_owned()]).collect()
    })
}

fn fence() -> impl Strategy<Value = String> {
    let line = "( {0,4}[a-zé#|`~-]{1,6}){0,4}";
    (
        prop::sample::select(vec!["```", "````", "~~~", "~~~~~"]),
        prop::collection::vec(line, 0..12),
        any::<bool>(),
    )
        .prop_map(|(mark, lines, is_closed)| {
            let end = if is_closed { mark } else { "" };
            format!("{mark}sh\n{}\n{end}", lines.join("\n"))
        })
}

fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => (1usize..7, "[a-zé]{0,5}( [a-z]{1,4}){0,3}").prop_map(|(level, title)| format!("{} {title}", "#".repeat(level))),
        2 => ("[a-zé]{1,5}(\n[a-z]{1,4}){0,2}", "={1,3}|-{3,4}").prop_map(|(title, underline)| format!("{title}\n{underline}")),
        4 => paragraph(),
        3 => fence(),
        1 => prop::collection::vec("[|] [a-zé]{1,3} [|] 1 [|]\n", 0..12)
            .prop_map(|rows| format!("| a | b |\n|---|:-:|\n{}", rows.concat())),
        1 => prefixed(&["- ", "* ", "1. ", "  - ", "    ", "- [ ] "]),
        1 => prefixed(&["> ", ">> ", "> - ", "> # ", ">"]),
        1 => prefixed(&["<p>", "<div class=\"a\">", "<h2>", "</h2>", "<!-- ", "<br>\n"]),
        1 => prop::sample::select(vec!["(label)=", "***", "<a id=\"x\"></a>", "[x]: y.md", "<!-- z -->"]).prop_map(str::to_owned),
    ]
}

fn source() -> impl Strategy<Value = MarkdownSource> {
    let parts = prop::collection::vec((block(), prop::sample::select(vec!["\n", "\n\n", "\n \n\n"])), 0..16);
    let front_matter =
        prop::sample::select(vec!["", "---\ntitle: Café\ntags: [a]\n---\n", "---\na: 1\n...\n\n"]);
    (parts, front_matter, any::<bool>(), any::<bool>()).prop_map(
        |(parts, front_matter, has_mark, has_returns)| {
            let mark = if has_mark { "\u{feff}" } else { "" };
            let text: String =
                parts.into_iter().flat_map(|(block, space)| [block, space.to_owned()]).collect();
            let [start, text] = [format!("{mark}{front_matter}"), text]
                .map(|part| if has_returns { part.replace('\n', "\r\n") } else { part });
            MarkdownSource { text_start: start.len(), bytes: (start + &text).into_bytes() }
        },
    )
}

fn passages(source: &[u8], settings: PassageSettings) -> Vec<Passage> {
    let options = ReadOptions { passages: settings, ..ReadOptions::default() };
    let stream = TextStream::new(
        "test".to_owned(),
        Box::new(io::Cursor::new(source.to_vec())),
        options.encoding,
        SourceFacts::default(),
    );
    let source = OpenSource { stream: stream.unwrap(), format: InputFormat::Markdown, title: None };
    let reader = DocumentReader::new(source, &options, &words).expect("the start is text");
    reader.flat_map(|document| document.expect("the source is sound").passages).collect()
}

/// The line of a byte, counted from 1.
fn line_of(source: &[u8], byte: usize) -> u64 {
    source[..byte].split(|&byte| byte == b'\n').count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn passages_of_markdown_are_stretches_of_the_source_and_leave_nothing_out(
        source in source(),
        tokens in 3usize..60,
        overlap in 0usize..3,
    ) {
        let MarkdownSource { bytes, text_start } = source;
        let mut is_in_passage = vec![false; bytes.len()];
        for passage in passages(&bytes, PassageSettings { tokens, overlap }) {
            let (start, end) = passage.bytes.expect("UTF-8 is not transcoded");
            let (start, end) = (start as usize, end as usize);
            prop_assert!(text_start <= start);
            prop_assert_eq!(std::str::from_utf8(&bytes[start..end]), Ok(passage.text.as_str()));
            prop_assert_eq!(passage.text.trim(), &passage.text);
            prop_assert_eq!(passage.lines, Some((line_of(&bytes, start), line_of(&bytes, end - 1))));
            is_in_passage[start..end].fill(true);
        }
        let text = std::str::from_utf8(&bytes[text_start..]).expect("it was made of characters");
        let mut missing = text.char_indices().filter(|(_, letter)| !letter.is_whitespace());
        let missing = missing.find(|(place, _)| !is_in_passage[text_start + place]);
        prop_assert_eq!(missing, None);
    }
}
