//! The flags for finding files and reading their text.

use std::num::NonZeroUsize;

use clap::Args;
use embed::engine::{InputFormat, TextEncoding};

use crate::cli::args::values::at_least_one;

/// The heading of these flags in the help.
const HEADING: &str = "Finding and reading files";

#[derive(Debug, Args)]
pub(crate) struct CorpusArguments {
    /// Read every file as lines, text, markdown, html, code, csv, tsv, jsonl or json [default: by file name]
    #[arg(long, value_name = "FORMAT", help_heading = HEADING)]
    pub(crate) input_format: Option<InputFormat>,
    /// The encoding of files without a byte-order mark, such as latin1; auto is UTF-8 [default: auto]
    #[arg(long, value_name = "ENCODING", help_heading = HEADING)]
    pub(crate) encoding: Option<TextEncoding>,
    /// A field of tables and JSON that holds the text, repeatable; the other fields become metadata [default: text or a similar name]
    #[arg(long, value_name = "FIELD", help_heading = HEADING)]
    pub(crate) text: Vec<String>,
    /// The field of tables and JSON that holds the id of a document [default: its line number]
    #[arg(long, value_name = "FIELD", help_heading = HEADING)]
    pub(crate) id: Option<String>,
    /// The most tokens in a passage [default: 256, or the model's limit if that is lower]
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = HEADING)]
    pub(crate) passage_tokens: Option<NonZeroUsize>,
    /// The tokens that a passage repeats from the previous one [default: an eighth of a passage]
    #[arg(long, value_name = "N", help_heading = HEADING)]
    pub(crate) passage_overlap: Option<usize>,
    /// Read all text of HTML pages, including navigation, footers and hidden text [default: the main content]
    #[arg(long, help_heading = HEADING)]
    pub(crate) whole_page: bool,
    /// Read hidden files and folders, too
    #[arg(long, help_heading = HEADING)]
    pub(crate) hidden: bool,
    /// Do not respect .gitignore, .ignore and .embedignore
    #[arg(long, help_heading = HEADING)]
    pub(crate) no_ignore: bool,
    /// In folders, read only files that match GLOB, or with a leading '!' only files that do not; repeatable
    #[arg(long = "glob", value_name = "GLOB", help_heading = HEADING)]
    pub(crate) globs: Vec<String>,
}

impl CorpusArguments {
    /// The first of these flags that the user typed, --glob last.
    pub(crate) fn first_typed(&self) -> Option<&'static str> {
        self.first_typed_of_reading().or_else(|| (!self.globs.is_empty()).then_some("--glob"))
    }

    /// The first flag other than --glob that the user typed.
    pub(crate) fn first_typed_of_reading(&self) -> Option<&'static str> {
        let typed = [
            ("--input-format", self.input_format.is_some()),
            ("--encoding", self.encoding.is_some()),
            ("--text", !self.text.is_empty()),
            ("--id", self.id.is_some()),
            ("--passage-tokens", self.passage_tokens.is_some()),
            ("--passage-overlap", self.passage_overlap.is_some()),
            ("--whole-page", self.whole_page),
            ("--hidden", self.hidden),
            ("--no-ignore", self.no_ignore),
        ];
        typed.into_iter().find_map(|(flag, is_typed)| is_typed.then_some(flag))
    }
}
