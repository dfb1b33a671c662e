//! From an error to its message and the exit status: the one place that classifies errors.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use anyhow::Error;
use embed::engine::{EngineError, JoinedFields, LeftOut};

use crate::cli::args::global::GlobalArguments;
use crate::cli::hints::hint;
use crate::cli::render::{counted, printable};
use crate::cli::terminal::say;
use crate::cli::usage::UsageError;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// 0: done, and a search found something.
    Success,
    /// 1: a search found nothing.
    NothingFound,
    /// 2: an error, with a message. Sources that were indexed before the error stay.
    Failure,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Success => 0,
            ExitStatus::NothingFound => 1,
            ExitStatus::Failure => 2,
        })
    }
}

/// Prints the error on one line, and a hint on a second line, if there is one.
pub(crate) fn report(error: &Error) -> ExitStatus {
    if is_closed_pipe(error) {
        return ExitStatus::Success;
    }
    say(format!("error: {}", printable(&format!("{error:#}"))));
    if let Some(place) = error.downcast_ref::<UsageError>().and_then(UsageError::column) {
        say(format!("{:>width$}", '^', width = "error: ".len() + place + 1));
    } else if let Some(hint) = hint(error) {
        say(format!("hint: {hint}"));
    }
    ExitStatus::Failure
}

/// The reader of the output has closed it, as in `embed search … | head -1`.
fn is_closed_pipe(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Prints a line that is not an error, unless --quiet is set.
pub(crate) fn note(global: &GlobalArguments, message: &str) {
    if !global.quiet {
        say(printable(message));
    }
}

/// Prints what was not read, if that is the cause of `error`.
pub(crate) fn note_unread(global: &GlobalArguments, error: EngineError) -> EngineError {
    if let EngineError::NoText { left_out, .. } = &error {
        note_left_out(global, left_out);
    }
    error
}

/// Prints what was not read, one line per reason.
pub(crate) fn note_left_out(global: &GlobalArguments, left_out: &LeftOut) {
    for (omissions, thing) in [(&left_out.files, "file"), (&left_out.rows, "row")] {
        for omission in omissions {
            let count = counted(omission.count, thing);
            note(global, &format!("skipped {count}: {}; first {}", omission.reason, omission.first));
        }
    }
    for JoinedFields { source, fields } in &left_out.joined {
        note(global, &format!("{source}: no field is called text; joined {}", fields.join(", ")));
    }
    if left_out.cut_lines > 0 {
        let lines = counted(left_out.cut_lines, "line");
        note(global, &format!("only the first MiB of {lines} was read"));
    }
    note_replacements(global, left_out.replaced_lines);
}

/// Prints how many lines were not UTF-8, if any.
pub(crate) fn note_replacements(global: &GlobalArguments, lines: u64) {
    if lines > 0 {
        note(global, &format!("bytes that are not UTF-8 were replaced in {}", counted(lines, "line")));
    }
}
