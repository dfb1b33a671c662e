use proptest::prelude::*;

use super::*;

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn pieces(
    text: &str,
    structure: Structure<'_>,
    title: Option<&str>,
    settings: PassageSettings,
) -> Vec<Piece> {
    split(CutText { text, start: 0, structure, title }, settings, &words)
}

fn texts<'a>(text: &'a str, structure: Structure<'_>, settings: PassageSettings) -> Vec<&'a str> {
    pieces(text, structure, None, settings).into_iter().map(|piece| &text[piece.range]).collect()
}

/// Context and text of every passage.
fn contexts<'a>(
    text: &'a str,
    structure: Structure<'_>,
    title: &str,
    tokens: usize,
) -> Vec<(Option<String>, &'a str)> {
    let settings = PassageSettings { tokens, overlap: 0 };
    let pieces = pieces(text, structure, Some(title), settings);
    pieces.into_iter().map(|piece| (piece.context, &text[piece.range])).collect()
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
        texts(text, Structure::Prose, PassageSettings { tokens: 3, overlap: 0 }),
        ["one two three", "four five six", "seven"]
    );
    let long = "a b c d e f g h";
    assert_eq!(
        texts(long, Structure::Prose, PassageSettings { tokens: 4, overlap: 2 }),
        ["a b c d", "c d e f", "e f g h"]
    );
}

#[test]
fn a_short_section_after_a_long_one_stands_alone() {
    let text =
        format!("# Pump\n\n{}\n# Refunds\n\nMoney comes back in ten days.\n", "The pump hums. ".repeat(50));
    let texts = texts(&text, Structure::Markdown, PassageSettings::default());
    assert_eq!(texts.last(), Some(&"# Refunds\n\nMoney comes back in ten days."));
}

#[test]
fn a_heading_is_with_its_first_passage_and_in_the_context_of_the_others() {
    let text = format!("# How to reset the router\n\n{}", "Press the button for ten seconds. ".repeat(20));
    let found = contexts(&text, Structure::Markdown, "router", 40);
    assert!(found[0].1.starts_with("# How to reset the router\n\nPress"));
    assert_eq!(found[0].0, None);
    assert!(found.len() > 2);
    assert!(found[1..].iter().all(|(context, _)| context.as_deref() == Some("How to reset the router")));
}

#[test]
fn small_neighbors_are_joined_under_one_parent() {
    let text = "# Api\n\n## Get\n\nIt gets.\n\n## Put\n\nIt puts.\n\n# Help\n\nAsk.\n";
    assert_eq!(
        texts(text, Structure::Markdown, PassageSettings { tokens: 80, overlap: 0 }),
        ["# Api\n\n## Get\n\nIt gets.\n\n## Put\n\nIt puts.\n\n# Help\n\nAsk."]
    );
    let nested = "# Guide\n\nIt is long enough to be alone here.\n\n## A\n\nx\n\n### B\n\ny\n\n# C\n\nz\n";
    assert_eq!(
        texts(nested, Structure::Markdown, PassageSettings { tokens: 24, overlap: 0 }),
        ["# Guide\n\nIt is long enough to be alone here.", "## A\n\nx\n\n### B\n\ny", "# C\n\nz"]
    );
}

#[test]
fn what_belongs_to_the_next_heading_goes_with_it() {
    let long = "Words are here. ".repeat(20);
    let text =
        format!("(top)=\n# One\n\n{long}\n\n<!-- next -->\n\n(embeddings)=\n\n## Two\n\n{long}\n\n# End\n");
    let found = contexts(&text, Structure::Markdown, "Guide", 80);
    let starts: Vec<&str> = found.iter().filter_map(|(_, text)| text.lines().next()).collect();
    assert_eq!(starts, ["(top)=", "<!-- next -->"]);
    assert!(found[1].1.ends_with("# End"));
    assert_eq!(found[1].0.as_deref(), Some("One"));
}

#[test]
fn a_title_stands_above_what_no_heading_is_above() {
    let text = format!("{0}\n\nTitle\n=====\n\n## Next\n\n{0}", "Some words here. ".repeat(20));
    let found = contexts(&text, Structure::Markdown, "name", 40);
    assert_eq!(found[0].0.as_deref(), Some("name"));
    assert_eq!(found[2].0, None);
    assert_eq!(found.last().and_then(|(context, _)| context.as_deref()), Some("Title > Next"));
}

#[test]
fn a_fence_stays_whole_and_with_the_text_before_it() {
    let code = "```sh\nmake all\n\nmake test\n```";
    let text =
        format!("{}\n\nBuild it so:\n\n{code}\n\n{}", "A few words. ".repeat(9), "More to read. ".repeat(9));
    let found = texts(&text, Structure::Markdown, PassageSettings { tokens: 32, overlap: 0 });
    let holder = found.iter().find(|text| text.contains("```")).expect("the code is somewhere");
    assert!(holder.contains(code), "{found:?}");
    assert!(!holder.starts_with("```"), "{found:?}");
}

#[test]
fn examples_in_two_dialects_are_each_with_a_sentence() {
    let fence = |name: &str, length| format!("```{name}\n{}```", "const x = 1;\n".repeat(length));
    for length in 26..35 {
        let (modern, common) = (fence("mjs", length), fence("cjs", length));
        let example = format!(
            "It reads a file, and gives back what is in it.\n\n{modern}\n\n{common}\n\nIt is closed when all has been read."
        );
        let text = format!("# Files\n\n{}", [example.as_str(); 6].join("\n\n"));
        let found = texts(&text, Structure::Markdown, PassageSettings::default());
        let is_lone = |text: &&&str| {
            text.starts_with("```") && text.ends_with("```") && text.matches("```").count() == 2
        };
        assert_eq!(found.iter().filter(is_lone).count(), 0, "{found:?}");
        let whole = found.iter().map(|text| text.matches(&modern).count() + text.matches(&common).count());
        assert!(whole.sum::<usize>() >= 12, "{found:?}");
    }
}

#[test]
fn a_cut_table_repeats_its_header_in_the_context() {
    let rows = "| bolt | 3 |\n".repeat(30);
    let text = format!("# Stock\n\n| part | count |\n|---|---|\n{rows}");
    let found = contexts(&text, Structure::Markdown, "shop", 60);
    assert!(found[0].1.starts_with("# Stock\n\n| part"));
    assert_eq!(found[1].0.as_deref(), Some("Stock\npart | count"));
    assert!(found[1].1.starts_with("| bolt"));
}

#[test]
fn later_passages_of_a_function_know_its_definition() {
    let body = "        self.values.push(value * 2);\n".repeat(30);
    let text = format!(
        "impl Store {{\n    fn add(\n        &mut self,\n    ) -> u64 {{\n{body}    }}\n}}\n\nfn main() {{}}\n"
    );
    let found = contexts(&text, Structure::Code, "store.rs", 40);
    assert_eq!(found[0].0.as_deref(), Some("store.rs"));
    assert_eq!(found[1].0.as_deref(), Some("store.rs > impl Store > fn add("));
    assert_eq!(found.last(), Some(&(Some("store.rs".to_owned()), "fn main() {}")));
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
            format!("# a\n\nx{blank}\n# b\n\n{}", "y ".repeat(300)),
        ] {
            for structure in [Structure::Prose, Structure::Markdown, Structure::Code] {
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
        "`".repeat(100_000),
        "<div>".repeat(100_000),
        "|a".repeat(100_000),
        format!("|a|b|\n|-|-|\n{}", "|c|d|\n".repeat(100_000)),
        format!("{}\n{}\n", "|a".repeat(20_000), "|-".repeat(20_000)),
        "[a](b)".repeat(50_000),
        "\\".repeat(100_000),
        "# a\n\nb\n\n".repeat(100_000),
        "# a\n".repeat(100_000),
        (0..100_000)
            .map(|index| format!("{} a\n\nb\n\n", "#".repeat(index % 6 + 1)))
            .collect::<Vec<_>>()
            .concat(),
        format!("# {}\n\n{}", "a ".repeat(50_000), "b c. ".repeat(50_000)),
        format!("```\n{}```\n", "let x = 1;\n".repeat(1_000_000)),
        format!("text\n\n```\n{}", "let x = 1;\n\n".repeat(100_000)),
        "```\na\n```\n\n".repeat(100_000),
        "a\n\n```\nb\n```\n\n".repeat(100_000),
        "(a)=\n".repeat(100_000),
        "---\n\n".repeat(100_000),
        (0..2000).map(|depth| format!("{}def x():\n", " ".repeat(depth))).collect::<Vec<_>>().concat(),
    ];
    for text in texts {
        let split = move || {
            for structure in [Structure::Prose, Structure::Markdown, Structure::Code] {
                pieces(&text, structure, Some("title"), PassageSettings::default());
            }
        };
        let thread =
            std::thread::Builder::new().stack_size(1 << 20).spawn(split).expect("threads can be made");
        thread.join().expect("the stack suffices");
    }
}

proptest! {
    #[test]
    fn no_word_is_lost_and_no_passage_is_too_long(
        text in "([a-z]{1,9}|[# \n*`\\-é.]){0,200}",
        tokens in 2usize..9,
        overlap in 0usize..2,
        title in prop::option::of("[a-z]{1,4}"),
    ) {
        for structure in [Structure::Prose, Structure::Markdown, Structure::Code] {
            let settings = PassageSettings { tokens, overlap };
            let mut covered = 0;
            for Piece { range, context } in pieces(&text, structure, title.as_deref(), settings) {
                prop_assert!(words(&text[range.clone()]) + words(&context.unwrap_or_default()) <= tokens);
                prop_assert_eq!(text[range.clone()].trim(), &text[range.clone()]);
                prop_assert!(text[covered.min(range.start)..range.start].trim().is_empty());
                covered = range.end;
            }
            prop_assert!(text[covered..].trim().is_empty());
        }
    }
}

/// From one to four tokens for a character, as a tokenizer has them for bytes of scripts that it does not know.
fn tokens_of_characters(text: &str) -> usize {
    text.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter as usize % 4 + 1).sum()
}

proptest! {
    #[test]
    fn no_word_is_lost_where_a_character_has_more_tokens_than_a_passage(
        text in "([a-h가-힣]{1,9}|[# \n*`|-]){0,60}",
        tokens in 1usize..9,
        overlap in 0usize..2,
        title in prop::option::of("[a-z]{1,4}"),
    ) {
        let settings = PassageSettings { tokens, overlap: overlap.min(tokens - 1) };
        for structure in [Structure::Prose, Structure::Markdown, Structure::Code] {
            let mut covered = 0;
            let source = CutText { text: &text, start: 0, structure, title: title.as_deref() };
            for Piece { range, context } in split(source, settings, &tokens_of_characters) {
                let passage = &text[range.clone()];
                let size =
                    tokens_of_characters(passage) + tokens_of_characters(&context.unwrap_or_default());
                prop_assert!(size <= tokens || passage.chars().count() == 1, "{passage:?}");
                prop_assert!(text[covered.min(range.start)..range.start].trim().is_empty());
                covered = range.end;
            }
            prop_assert!(text[covered..].trim().is_empty());
        }
    }
}

#[test]
fn an_endless_header_is_not_read_for_every_passage_of_its_table() {
    let bytes_counted = std::sync::atomic::AtomicUsize::new(0);
    let counter = |text: &str| {
        bytes_counted.fetch_add(text.len(), std::sync::atomic::Ordering::Relaxed);
        words(text)
    };
    for header in ["|ab".repeat(5_000), format!("|{}", "x".repeat(15_000))] {
        let text = format!("{header}\n|-|-|\n{}", "|c|d|\n".repeat(5_000));
        let source = CutText { text: &text, start: 0, structure: Structure::Markdown, title: None };
        assert!(split(source, PassageSettings::default(), &counter).len() > 10);
    }
    assert!(bytes_counted.into_inner() < 500_000);
}

/// Markdown of headings, paragraphs, fences, tables and labels, with a blank line between two of them and nowhere else.
fn markdown() -> impl Strategy<Value = String> {
    let fence = prop::collection::vec("[a-z]{1,4}", 1..20)
        .prop_map(|lines| format!("```\n{}\n```", lines.join("\n")));
    let block = prop_oneof![
        3 => (1usize..5, "[a-z]{1,5}").prop_map(|(level, title)| format!("{} {title}", "#".repeat(level))),
        4 => prop::collection::vec("[A-Z][a-z]{1,4} [a-z]{2,4}[.]", 1..12).prop_map(|sentences| sentences.join(" ")),
        2 => fence.clone().prop_map(|fence| format!("See this code.\n\n{fence}")),
        2 => fence,
        1 => prop::collection::vec("[|] [a-z]{1,3} [|] 1 [|]\n", 1..20)
            .prop_map(|rows| format!("| a | b |\n|---|---|\n{}", rows.concat().trim())),
        1 => Just("(label)=".to_owned()),
    ];
    prop::collection::vec(block, 0..25).prop_map(|blocks| blocks.join("\n\n"))
}

fn is_heading_or_label(block: &str) -> bool {
    block.starts_with('#') || block == "(label)="
}

fn is_paragraph(block: &str) -> bool {
    block.starts_with(char::is_uppercase)
}

/// The words of the sentences beside a block that could stand with it: the nearest of a paragraph of several, or one that
/// the overlap may repeat.
fn spare_sentences(blocks: &[&str], index: usize, overlap: usize) -> Vec<usize> {
    let before = blocks[..index].last().map(|block| (block, block.split_inclusive('.').next_back()));
    let after = blocks[index + 1..].first().map(|block| (block, block.split_inclusive('.').next()));
    let of_paragraphs = [before, after].into_iter().flatten().filter(|(block, _)| is_paragraph(block));
    let sentences = of_paragraphs.map(|(block, sentence)| (block, words(sentence.unwrap_or_default())));
    sentences
        .filter(|(block, sentence)| block.matches('.').count() > 1 || *sentence <= overlap)
        .map(|(_, words)| words)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn passages_of_markdown_stand_alone(text in markdown(), tokens in 16usize..40) {
        let settings = PassageSettings::of_tokens(tokens);
        let found = pieces(&text, Structure::Markdown, Some("title"), settings);
        let blocks: Vec<&str> = text.split("\n\n").collect();
        let mut covered = 0;
        for Piece { range, context } in &found {
            let passage = &text[range.clone()];
            let size = words(passage) + words(context.as_deref().unwrap_or_default());
            prop_assert!(size <= tokens);
            prop_assert!(text[covered.min(range.start)..range.start].trim().is_empty());
            covered = range.end;
            if passage.split("\n\n").all(is_heading_or_label) {
                let next = text[range.end..].split("\n\n").find(|block| !block.is_empty());
                // What cannot be cut: a word, the first lines of a fence, the header of a table and the start of a row.
                let start = match next {
                    Some(block) if block.starts_with("```") => 2,
                    Some(block) if block.starts_with('|') => 7,
                    _ => 1,
                };
                let has_text = blocks.iter().any(|block| !is_heading_or_label(block));
                // Labels that end a text may be more than the passage before them has room for.
                let is_rest = next.is_none() && !passage.contains('#');
                prop_assert!(!has_text || is_rest || size + start > tokens, "{passage:?} in {text:?}");
            }
            let place = blocks.iter().position(|block| block.as_ptr() == passage.as_ptr());
            if let Some(index) = place.filter(|&index| blocks[index] == passage && passage.starts_with("```")) {
                let earlier = &blocks[index.saturating_sub(4)..index];
                let introduction = earlier.iter().rev().find(|block| !block.starts_with("```") && **block != "(label)=");
                let introduction = introduction.filter(|block| is_paragraph(block));
                let introduction = introduction.and_then(|block| block.split_inclusive('.').next_back()).map(str::trim);
                let ends_with = |sentence| context.as_deref().is_some_and(|context| context.ends_with(sentence));
                // With a sentence in its context, it needs none beside it.
                if !introduction.is_some_and(ends_with) {
                    let sentences = spare_sentences(&blocks, index, settings.overlap);
                    prop_assert!(sentences.iter().all(|sentence| size + sentence > tokens), "{passage:?} in {text:?}");
                    let fits = introduction.is_some_and(|sentence| {
                        words(sentence) <= tokens / 4 && size + words(sentence) <= tokens
                    });
                    prop_assert!(!fits, "{passage:?} in {text:?}");
                }
            }
        }
        prop_assert!(text[covered..].trim().is_empty());
    }
}
