//! Vectors in every format, to standard output or a file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Stdout, Write};
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use embed::engine::{Dimension, EncodedRecord, NpyWriter, OutputFile, RowProblem, TextRecord};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::args::global::GlobalArguments;
use crate::cli::interrupts::create_output;
use crate::cli::json;
use crate::cli::render::{counted, one_line};
use crate::cli::report::note;

/// The number of values in the plain form.
const SHOWN_VALUES: usize = 5;

/// How vectors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VectorFormat {
    Plain,
    Jsonl,
    Csv,
    Npy,
    Raw,
}

/// The output of vectors.
pub(super) struct Output {
    form: Form,
    destination: Destination,
    dimension: Dimension,
    faults: Faults,
}

enum Form {
    Plain,
    Jsonl,
    Csv,
    Raw,
    /// The rows so far, as float32, in an unnamed file: the header contains their number, so it is written last.
    Npy(BufWriter<File>, u64),
}

enum Destination {
    Stdout(BufWriter<Stdout>),
    File(OutputFile),
}

/// Records without a vector.
#[derive(Default)]
struct Faults {
    count: u64,
    first: Option<(u64, RowProblem)>,
}

/// A line of JSON for a record with fields.
#[derive(Serialize)]
struct FieldsLine<'a> {
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
    embedding: &'a [f32],
}

/// A line of JSON for a text.
#[derive(Serialize)]
struct TextLine<'a> {
    text: &'a str,
    embedding: &'a [f32],
}

/// A line of JSON for a record without a vector.
#[derive(Serialize)]
struct ErrorLine {
    error: &'static str,
    line: u64,
}

impl Output {
    /// Standard output, or the file at `path`, which appears once everything is written.
    pub(super) fn create(
        format: VectorFormat,
        path: Option<&Path>,
        dimension: Dimension,
    ) -> anyhow::Result<Self> {
        let form = match format {
            VectorFormat::Plain => Form::Plain,
            VectorFormat::Jsonl => Form::Jsonl,
            VectorFormat::Csv => Form::Csv,
            VectorFormat::Raw => Form::Raw,
            VectorFormat::Npy => {
                let spool = tempfile::tempfile().context("cannot make a temporary file")?;
                Form::Npy(BufWriter::new(spool), 0)
            }
        };
        let destination = match path {
            Some(path) if path.as_os_str() != "-" => Destination::File(create_output(path)?),
            _ => Destination::Stdout(BufWriter::new(io::stdout())),
        };
        Ok(Self { form, destination, dimension, faults: Faults::default() })
    }

    pub(super) fn write(&mut self, record: &EncodedRecord<'_>) -> io::Result<()> {
        if let Err(problem) = record.content {
            self.faults.count += 1;
            self.faults.first.get_or_insert((record.line, problem));
        }
        let output = self.destination.writer();
        let nothing = || vec![f32::NAN; self.dimension.get()];
        let vector = || record.content.map_or_else(|_| nothing(), |(_, vector)| vector.to_vec());
        match &mut self.form {
            Form::Plain => writeln!(output, "{}", plain_line(record)),
            Form::Jsonl => write_json(output, record),
            Form::Csv => writeln!(output, "{}", csv_line(&vector())),
            Form::Raw => write_values(output, &vector()),
            Form::Npy(spool, rows) => {
                *rows += 1;
                write_values(spool, &vector())
            }
        }
    }

    /// Flushes the output so far.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.destination {
            Destination::Stdout(stdout) => stdout.flush(),
            // The file is not read before it is complete.
            Destination::File(_) => Ok(()),
        }
    }

    /// Writes the parts that can only be written at the end, and reports records without a vector.
    pub(super) fn finish(mut self, global: &GlobalArguments) -> anyhow::Result<()> {
        if let Form::Npy(spool, rows) = self.form {
            copy_as_npy(spool, rows, self.dimension, self.destination.writer())?;
        }
        match self.destination {
            Destination::Stdout(mut stdout) => stdout.flush()?,
            Destination::File(file) => file.publish()?,
        }
        if let Some((line, problem)) = self.faults.first {
            let lines = counted(self.faults.count, "line");
            note(global, &format!("no vector for {lines}; first line {line}: {}", describe(problem)));
        }
        Ok(())
    }
}

impl Destination {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(stdout) => stdout,
            Self::File(file) => file,
        }
    }
}

const fn describe(problem: RowProblem) -> &'static str {
    match problem {
        RowProblem::Malformed => "malformed: not a JSON object, or with a NUL byte",
        other => other.describe(),
    }
}

fn plain_line(record: &EncodedRecord<'_>) -> String {
    match record.content {
        Ok((TextRecord { text, .. }, vector)) => {
            let first = &vector[..SHOWN_VALUES.min(vector.len())];
            let values: Vec<String> = first.iter().map(|value| format!("{value:.4}")).collect();
            let more = if vector.len() > SHOWN_VALUES { ", …" } else { "" };
            format!("({},) float32 [{}{more}] | {}", vector.len(), values.join(", "), one_line(text))
        }
        Err(problem) => format!("no vector: {} | line {}", describe(problem), record.line),
    }
}

fn write_json(output: &mut dyn Write, record: &EncodedRecord<'_>) -> io::Result<()> {
    match record.content {
        Ok((TextRecord { text, fields: None }, embedding)) => {
            json::write_line(output, &TextLine { text, embedding })
        }
        Ok((TextRecord { fields: Some(fields), .. }, embedding)) if fields.contains_key("embedding") => {
            let mut fields = fields.clone();
            fields.shift_remove("embedding");
            json::write_line(output, &FieldsLine { fields: &fields, embedding })
        }
        Ok((TextRecord { fields: Some(fields), .. }, embedding)) => {
            json::write_line(output, &FieldsLine { fields, embedding })
        }
        Err(problem) => {
            let error = describe(problem);
            json::write_line(output, &ErrorLine { error, line: record.line })
        }
    }
}

fn csv_line(vector: &[f32]) -> String {
    let values: Vec<String> = vector.iter().map(f32::to_string).collect();
    values.join(",")
}

fn write_values(output: &mut dyn Write, vector: &[f32]) -> io::Result<()> {
    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
    output.write_all(&bytes)
}

fn copy_as_npy(
    spool: BufWriter<File>,
    rows: u64,
    dimension: Dimension,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut spool = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
    spool.rewind()?;
    let mut spool = BufReader::new(spool);
    let mut writer = NpyWriter::new(output, rows, dimension)?;
    let mut bytes = vec![0; dimension.get() * size_of::<f32>()];
    for _ in 0..rows {
        spool.read_exact(&mut bytes)?;
        let values = bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value));
        writer.write(&values.collect::<Vec<f32>>())?;
    }
    writer.finish().flush()
}
