//! Files, rows and bytes that a run did not read, by reason.

use crate::corpus::{CorpusError, RowProblem, SkipReason, SkippedFile, SourceReport};

/// Counts of files, rows and bytes that did not become documents, with an example of each kind, and the guessed text
/// fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// In the order in which their reasons first occurred.
    pub files: Vec<Omission>,
    /// In the order in which their reasons first occurred.
    pub rows: Vec<Omission>,
    /// Lines in which invalid bytes were replaced.
    pub replaced_lines: u64,
    /// Lines that were cut.
    pub cut_lines: u64,
    /// Sources whose text was joined from several fields, though the user named none.
    pub joined: Vec<JoinedFields>,
}

/// A source without a field named as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedFields {
    /// The source as shown to the user.
    pub source: String,
    /// The fields that its texts are joined from.
    pub fields: Vec<String>,
}

/// Omissions for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// The reason.
    pub reason: &'static str,
    /// Their number.
    pub count: u64,
    /// The first of them: a file, a place in a file, or an error that names it.
    pub first: String,
}

impl LeftOut {
    /// Counts a file.
    pub fn add_file(&mut self, file: SkippedFile) {
        let SkippedFile { name, reason } = file;
        let (reason, first) = match reason {
            SkipReason::Binary => ("not text", name),
            SkipReason::TooLarge => ("too large to split", name),
            SkipReason::Link => ("a symbolic link", name),
            SkipReason::Special => ("a pipe, socket or device", name),
            SkipReason::NameNotUtf8 => ("its name is not UTF-8", name),
            SkipReason::Unreadable(error) => ("cannot be read", format!("{name} ({error})")),
            SkipReason::LockFile => ("a lock file", name),
            SkipReason::Generated => ("generated or minified", name),
            SkipReason::Drawing => ("an SVG drawing", name),
            SkipReason::Unusable(CorpusError::Blank { .. } | CorpusError::Empty { .. }) => ("no text", name),
            SkipReason::Unusable(error @ CorpusError::NoTextField { .. }) => {
                ("no field holds words; name one as the text", format!("{name} ({error})"))
            }
            SkipReason::Unusable(error) => ("not as its format should be", format!("{name} ({error})")),
        };
        add(&mut self.files, reason, 1, || first);
    }

    /// Counts the omissions in the source `name`.
    pub fn add_source(&mut self, name: &str, report: &SourceReport) {
        let statistics = &report.statistics;
        if let Some(fields) = &report.joined_fields {
            self.joined.push(JoinedFields { source: name.to_owned(), fields: fields.clone() });
        }
        self.replaced_lines += statistics.replaced_lines;
        self.cut_lines += statistics.cut_lines;
        for problem in RowProblem::ALL {
            let tally = statistics.skipped_rows(problem);
            if tally.count > 0 {
                let first = || format!("{name}:{}", tally.first_line);
                add(&mut self.rows, problem.describe(), tally.count, first);
            }
        }
    }
}

fn add(omissions: &mut Vec<Omission>, reason: &'static str, count: u64, first: impl FnOnce() -> String) {
    match omissions.iter_mut().find(|omission| omission.reason == reason) {
        Some(omission) => omission.count += count,
        None => omissions.push(Omission { reason, count, first: first() }),
    }
}
