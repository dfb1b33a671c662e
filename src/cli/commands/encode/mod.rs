//! `embed encode`: the vectors of texts, each written as soon as it is computed.

mod output;

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use embed::engine::{
    Embedder, EncodedRecord, EncodedStream, Models, Role, Source, StreamOptions, TextRecord, embed_texts,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::{ModelArguments, prompt_of_every_text, without_index};
use crate::cli::args::records::RecordArguments;
use crate::cli::args::values::at_least_one;
use crate::cli::commands::encode::output::{Output, VectorFormat};
use crate::cli::host::ProgramHost;
use crate::cli::report::ExitStatus;
use crate::cli::unknown::UnknownTexts;
use crate::cli::usage::UsageError;

/// Turn texts into vectors
#[derive(Debug, Args)]
#[command(mut_args = without_index)]
#[command(mut_arg("prompt", prompt_of_every_text))]
#[command(override_usage = "\
embed encode [OPTIONS] TEXT...
       embed encode [OPTIONS] [--input FILE]")]
#[command(after_help = "\
Without TEXT, every line of standard input or FILE is answered by one line, as soon as it is encoded. jsonl \
holds the input's own fields, or text, and embedding; for a line without text it holds \
{\"error\": REASON, \"line\": NUMBER}. csv, npy and raw hold the vectors alone, one row per line, NaN for a line \
without text; npy and raw hold little-endian float32. npy is written at the end, because it begins with the \
number of rows.

Examples:
  embed encode \"I love cats.\"
  embed encode < texts.txt > vectors.jsonl
  embed encode --text title --text body --input papers.jsonl
  embed encode --input texts.txt --output-format npy --output vectors.npy")]
pub(crate) struct EncodeArguments {
    /// Texts to encode
    #[arg(value_name = "TEXT", conflicts_with_all = ["input", "input_format", "encoding", "fields"])]
    texts: Vec<String>,
    /// Read the texts of FILE; '-' is standard input
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    input: PathBuf,
    #[command(flatten)]
    records: RecordArguments,
    /// The output format [default: plain on a terminal, else jsonl]
    #[arg(long, value_name = "FORMAT")]
    output_format: Option<VectorFormat>,
    /// Write to FILE, which is replaced only once the output is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Encode the texts as queries: with the query prefix instead of the document prefix
    #[arg(long)]
    query: bool,
    /// Encode at most N tokens together: a smaller N answers sooner, a larger N takes less time in total [default: 4096, and for models of services as many as they take]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    batch_tokens: Option<NonZeroUsize>,
    #[command(flatten)]
    model: ModelArguments,
}

pub(crate) fn run(arguments: &EncodeArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    if arguments.texts.iter().any(|text| text.trim().is_empty()) {
        return Err(UsageError::EmptyText.into());
    }
    let request = match arguments.role() {
        Role::Query => arguments.model.request(),
        Role::Document => arguments.model.request_for_documents(),
    };
    let host = ProgramHost::with_services(global, &arguments.model.service)?;
    let embedder = &*Models::new(Arc::clone(&host) as _).load(&request)?;
    let dimension = embedder.description().dimension;
    let mut output = Output::create(arguments.format(), arguments.output.as_deref(), dimension)?;
    let mut unknown = UnknownTexts::default();
    match arguments.texts.as_slice() {
        [] => encode_stream(arguments, embedder, &mut output, &mut unknown)?,
        [dash] if dash == "-" => encode_stream(arguments, embedder, &mut output, &mut unknown)?,
        texts => encode_texts(texts, arguments.role(), embedder, &mut output, &mut unknown)?,
    }
    output.finish(global)?;
    unknown.note(global, &embedder.description().name);
    Ok(ExitStatus::Success)
}

impl EncodeArguments {
    const fn role(&self) -> Role {
        if self.query { Role::Query } else { Role::Document }
    }

    fn format(&self) -> VectorFormat {
        let is_for_people = self.output.is_none() && io::stdout().is_terminal();
        let default = if is_for_people { VectorFormat::Plain } else { VectorFormat::Jsonl };
        self.output_format.unwrap_or(default)
    }
}

fn encode_stream(
    arguments: &EncodeArguments,
    embedder: &dyn Embedder,
    output: &mut Output,
    unknown: &mut UnknownTexts,
) -> anyhow::Result<()> {
    let read_options = arguments.records.read_options(&arguments.input);
    let records = Source::from_argument(&arguments.input).records(&read_options)?;
    let options = StreamOptions {
        batch_tokens: arguments.batch_tokens.unwrap_or_else(|| StreamOptions::usual_batch_tokens(embedder)),
        role: arguments.role(),
    };
    for batch in EncodedStream::new(embedder, records, options) {
        for record in batch?.records() {
            if let Ok((text, _)) = record.content {
                unknown.count(embedder, &text.text, || format!("on line {}", record.line));
            }
            output.write(&record)?;
        }
        output.flush()?;
    }
    Ok(())
}

fn encode_texts(
    texts: &[String],
    role: Role,
    embedder: &dyn Embedder,
    output: &mut Output,
    unknown: &mut UnknownTexts,
) -> anyhow::Result<()> {
    let vectors = embed_texts(embedder, role, texts)?.vectors;
    for ((line, text), vector) in (1..).zip(texts).zip(vectors.rows()) {
        unknown.count(embedder, text, || format!("'{text}'"));
        let text = TextRecord { text: text.clone(), fields: None };
        output.write(&EncodedRecord { line, content: Ok((&text, vector)) })?;
    }
    Ok(output.flush()?)
}
