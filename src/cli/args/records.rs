//! The flags for reading the lines, rows or objects of one file.

use std::path::Path;

use clap::Args;
use embed::engine::{FieldChoice, InputFormat, ReadOptions, TextEncoding};

#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    /// Read lines, csv, tsv, jsonl or json [default: by file name; for standard input lines, or jsonl with --text]
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// The encoding of input without a byte-order mark, such as latin1; auto is UTF-8
    #[arg(long, value_name = "ENCODING", default_value = "auto")]
    encoding: TextEncoding,
    /// A field of tables and JSON that holds the text, repeatable [default: text or a similar name]
    #[arg(id = "fields", long = "text", value_name = "FIELD")]
    fields: Vec<String>,
}

impl RecordArguments {
    /// How `file` is read.
    pub(crate) fn read_options(&self, file: &Path) -> ReadOptions {
        let is_stdin = file.as_os_str() == "-";
        let implied = (is_stdin && !self.fields.is_empty()).then_some(InputFormat::Jsonl);
        ReadOptions {
            format: self.input_format.or(implied),
            encoding: self.encoding,
            fields: FieldChoice { text: self.fields.clone(), id: None },
            ..ReadOptions::default()
        }
    }
}
