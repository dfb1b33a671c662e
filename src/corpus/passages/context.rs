//! What is embedded before a passage: titles, headings, the header of a table, the sentence before a code block.

use super::block::MAXIMUM_TITLE_BYTES;
use super::packing::Context;
use super::settings::PassageSettings;
use super::words::Meter;

/// Between the parts of a context.
const SEPARATOR: &str = " > ";

/// The most bytes of what becomes the last line of a context: some of them may be white space or signs.
const MAXIMUM_SOURCE_BYTES: usize = 4 * MAXIMUM_TITLE_BYTES;

/// The context of `parts`, outermost first, and a line of its own. What exceeds the limit is left out from the outside.
pub(super) fn context_of(
    parts: &[&str],
    last_line: Option<String>,
    settings: PassageSettings,
    meter: &Meter<'_>,
) -> Context {
    let mut room = settings.context_tokens();
    let last_line = last_line.filter(|line| meter.count(line) <= room);
    let last_tokens = last_line.as_deref().map_or(0, |line| meter.count(line));
    room -= last_tokens;
    let mut parts = parts;
    loop {
        let joined = parts.join(SEPARATOR);
        let tokens = meter.count(&joined);
        if tokens <= room {
            let lines: Vec<String> =
                [Some(joined), last_line].into_iter().flatten().filter(|line| !line.is_empty()).collect();
            let text = (!lines.is_empty()).then(|| lines.join("\n"));
            return Context { text, tokens: tokens + last_tokens };
        }
        parts = &parts[1..];
    }
}

/// The header of `table` as a line of a context; `None` where it is longer than a title can be.
pub(super) fn table_header(table: &str) -> Option<String> {
    // Every passage of a table asks for it, so that no more of it is read than can be shown.
    let end = table.bytes().take(MAXIMUM_SOURCE_BYTES).position(|byte| byte == b'\n');
    let header = &table[..end.or_else(|| (table.len() <= MAXIMUM_SOURCE_BYTES).then_some(table.len()))?];
    let cells: Vec<&str> = header.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
    Some(cells.join(" | ")).filter(|line| line.len() <= MAXIMUM_TITLE_BYTES)
}

/// `sentence` as a line of a context; `None` where it is longer than a title can be.
pub(super) fn sentence_line(sentence: &str) -> Option<String> {
    if sentence.len() > MAXIMUM_SOURCE_BYTES {
        return None;
    }
    let words: Vec<&str> = sentence.split_whitespace().collect();
    Some(words.join(" ")).filter(|line| line.len() <= MAXIMUM_TITLE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_or_a_sentence_longer_than_a_title_is_no_line_of_a_context() {
        assert_eq!(table_header("| part | count |\n|---|---|\n"), Some("part | count".to_owned()));
        assert_eq!(table_header("| part  | "), Some("part".to_owned()));
        assert_eq!(table_header(&"|a".repeat(MAXIMUM_TITLE_BYTES)), None);
        assert_eq!(table_header(&"|é".repeat(100_000)), None);
        assert_eq!(sentence_line("See\n  this:"), Some("See this:".to_owned()));
        assert_eq!(sentence_line(&"long ".repeat(MAXIMUM_TITLE_BYTES)), None);
    }
}
