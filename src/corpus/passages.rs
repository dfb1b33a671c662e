//! Divides a text into passages that a model can read.

use std::ops::{ControlFlow, Range};

use text_splitter::{ChunkConfig, MarkdownSplitter, TextSplitter};

use super::error::CorpusError;
use super::offsets::boundary_before;
use super::tokens::{TokenCounter, TokenCounts, TokenLedger};

/// The splitter looks at all that is left of a text for every passage. A window at a time bounds what it looks at, so
/// that time grows with the length of a text and not with its square.
const WINDOW_BYTES: usize = 32 * 1024;

/// How large passages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassageSettings {
    /// The most tokens of a passage.
    pub tokens: usize,
    /// The most tokens at the end of a passage that the next one repeats.
    pub overlap: usize,
}

impl Default for PassageSettings {
    fn default() -> Self {
        Self::of_tokens(Self::DEFAULT_TOKENS)
    }
}

impl PassageSettings {
    /// Half of what common models read, so that a passage is about one thing.
    pub const DEFAULT_TOKENS: usize = 256;

    /// Passages of at most `tokens` tokens, of which the next one repeats an eighth.
    #[must_use]
    pub const fn of_tokens(tokens: usize) -> Self {
        const OVERLAP_DIVISOR: usize = 8;
        Self { tokens, overlap: tokens / OVERLAP_DIVISOR }
    }

    /// # Errors
    ///
    /// [`CorpusError::Overlap`] unless the overlap is smaller than the passage.
    pub(super) const fn check(self) -> Result<(), CorpusError> {
        let Self { tokens, overlap } = self;
        if overlap < tokens { Ok(()) } else { Err(CorpusError::Overlap { overlap, tokens }) }
    }
}

/// What a text is cut along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Structure {
    /// Blank lines, lines, sentences, words.
    Plain,
    /// Headings, then blocks, then as [`Structure::Plain`].
    Markdown,
}

/// The byte ranges of the passages, in order, without surrounding white space.
///
/// They are cut along the largest structure that fits. Passages of one window overlap as set, windows do not.
pub(super) fn split(
    text: &str,
    structure: Structure,
    settings: PassageSettings,
    counter: &dyn TokenCounter,
) -> Vec<Range<usize>> {
    let mut known = TokenCounts::default();
    let mut passages = Vec::new();
    for window in windows(text, structure).filter_map(|window| without_blank_lines(text, window)) {
        let ledger = TokenLedger::new(&text[window.clone()], counter, &mut known);
        let config = ChunkConfig::new(settings.tokens)
            .with_sizer(ledger)
            .with_overlap(settings.overlap)
            .expect("the overlap was checked to be smaller than a passage");
        let first = passages.len();
        let mut add = |(start, chunk): (usize, &str)| {
            passages.extend(trimmed(window.start + start, chunk));
            // The splitter would go on through the overlap of the last passage, section by section, and find nothing.
            let is_last = passages[first..].last().is_some_and(|passage| passage.end == window.end);
            if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let _ = match structure {
            Structure::Plain => {
                TextSplitter::new(config).chunk_indices(&text[window.clone()]).try_for_each(&mut add)
            }
            Structure::Markdown => {
                MarkdownSplitter::new(config).chunk_indices(&text[window.clone()]).try_for_each(&mut add)
            }
        };
    }
    passages
}

/// The window without blank lines before its text and white space after it; `None` if it is blank.
///
/// White space has no tokens, so any amount of it fits the overlap of two passages. The splitter moves through an
/// overlap section by section, and looks at all that is left at every step.
fn without_blank_lines(text: &str, window: Range<usize>) -> Option<Range<usize>> {
    let kept = text[window.clone()].trim_end();
    let blank = kept.len() - kept.trim_start().len();
    // The indentation of the first line is part of its structure.
    let start = kept[..blank].rfind('\n').map_or(0, |line_end| line_end + 1);
    (!kept.is_empty()).then(|| window.start + start..window.start + kept.len())
}

fn trimmed(start: usize, chunk: &str) -> Option<Range<usize>> {
    let text = chunk.trim();
    let start = start + chunk.len() - chunk.trim_start().len();
    (!text.is_empty()).then(|| start..start + text.len())
}

/// Cuts the text where that separates least: before a heading, at a blank line, at a line, at a space, or anywhere.
fn windows(text: &str, structure: Structure) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &text[start..];
        let length = if rest.len() <= WINDOW_BYTES { rest.len() } else { window_length(rest, structure) };
        let window = start..start + length;
        start = window.end;
        (length > 0).then_some(window)
    })
}

/// The length of the first window of a text that is longer than one. Windows of less than half are not worth a better
/// cut.
fn window_length(text: &str, structure: Structure) -> usize {
    let end = boundary_before(text, WINDOW_BYTES);
    let half = boundary_before(text, WINDOW_BYTES / 2);
    let tail = &text[half..end];
    let heading = match structure {
        Structure::Markdown => tail.rfind("\n#"),
        Structure::Plain => None,
    };
    let cut = heading
        .or_else(|| tail.rfind("\n\n"))
        .or_else(|| tail.rfind('\n'))
        .or_else(|| tail.rfind(char::is_whitespace))
        .map_or(end, |cut| half + cut + 1);
    boundary_before(text, cut)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn texts(text: &str, structure: Structure, settings: PassageSettings) -> Vec<&str> {
        split(text, structure, settings, &words).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn markdown_is_cut_at_headings() {
        let text = "# One\n\nalpha beta\n\n## Two\n\ngamma delta\n\n# Three\n\nepsilon\n";
        let settings = PassageSettings { tokens: 6, overlap: 0 };
        assert_eq!(
            texts(text, Structure::Markdown, settings),
            ["# One\n\nalpha beta", "## Two\n\ngamma delta", "# Three\n\nepsilon"]
        );
    }

    #[test]
    fn plain_text_is_cut_at_blank_lines_and_overlaps_as_set() {
        let text = "one two three\n\nfour five six\n\nseven";
        assert_eq!(
            texts(text, Structure::Plain, PassageSettings { tokens: 3, overlap: 0 }),
            ["one two three", "four five six", "seven"]
        );
        let long = "a b c d e f g h";
        assert_eq!(
            texts(long, Structure::Plain, PassageSettings { tokens: 4, overlap: 2 }),
            ["a b c d", "c d e f", "e f g h"]
        );
    }

    #[test]
    fn an_overlap_must_be_smaller_than_a_passage() {
        assert!(PassageSettings { tokens: 8, overlap: 8 }.check().is_err());
        assert!(PassageSettings { tokens: 0, overlap: 0 }.check().is_err());
        assert!(PassageSettings::default().check().is_ok());
    }

    #[test]
    fn windows_are_bounded_and_leave_nothing_out() {
        for text in ["x".repeat(100_000), "é y ".repeat(40_000), "# h\n\npara\n\n".repeat(9_000)] {
            let mut covered = 0;
            for window in windows(&text, Structure::Markdown) {
                assert_eq!(window.start, covered);
                assert!((1..=WINDOW_BYTES).contains(&window.len()));
                covered = window.end;
            }
            assert_eq!(covered, text.len());
        }
    }

    #[test]
    fn white_space_takes_no_more_time_than_text() {
        let blank =
            ["\n", " \n", "\t", "\t ", "\u{3000}", "\r\n", "\u{2003}\n\n"].map(|space| space.repeat(40_000));
        for blank in &blank {
            for text in [
                blank.clone(),
                format!("{blank}a"),
                format!("a{blank}"),
                format!("a{blank}b c d e f g h"),
                format!("# a\n\nx{}\n# b\n\n{}", &blank[..boundary_before(blank, 30_000)], "y ".repeat(300)),
            ] {
                for structure in [Structure::Plain, Structure::Markdown] {
                    let passages = texts(&text, structure, PassageSettings::default());
                    assert!(words(&passages.join(" ")) >= words(&text));
                }
            }
        }
    }

    #[test]
    fn structure_nested_without_end_is_split_on_a_small_stack() {
        let texts = [
            "> ".repeat(100_000),
            "- ".repeat(100_000),
            (0..2000).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect::<Vec<_>>().concat(),
            "[".repeat(100_000),
            "![".repeat(100_000),
            "*a ".repeat(100_000),
            "*a **b ".repeat(50_000),
            "`".repeat(100_000),
            "<div>".repeat(100_000),
            "|a".repeat(100_000),
            format!("|a|b|\n|-|-|\n{}", "|c|d|\n".repeat(100_000)),
            format!("{}\n{}\n", "|a".repeat(20_000), "|-".repeat(20_000)),
            "[a](b)".repeat(50_000),
            "&".repeat(100_000),
            "\\".repeat(100_000),
        ];
        for text in texts {
            let split = move || texts_split(&text);
            let thread =
                std::thread::Builder::new().stack_size(1 << 20).spawn(split).expect("threads can be made");
            thread.join().expect("the stack suffices");
        }
    }

    fn texts_split(text: &str) {
        for structure in [Structure::Plain, Structure::Markdown] {
            split(text, structure, PassageSettings::default(), &words);
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_passage_is_too_long(
            text in "([a-z]{1,9}|[# \n*`\\-é.]){0,200}",
            tokens in 2usize..9,
            overlap in 0usize..2,
        ) {
            for structure in [Structure::Plain, Structure::Markdown] {
                let passages = split(&text, structure, PassageSettings { tokens, overlap }, &words);
                let mut covered = 0;
                for passage in passages {
                    prop_assert!(words(&text[passage.clone()]) <= tokens);
                    prop_assert_eq!(text[passage.clone()].trim(), &text[passage.clone()]);
                    prop_assert!(text[covered.min(passage.start)..passage.start].trim().is_empty());
                    covered = passage.end;
                }
                prop_assert!(text[covered..].trim().is_empty());
            }
        }
    }
}
