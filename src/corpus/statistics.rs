//! What happened while a source was read.

/// Why a row of a table or of JSON became no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowProblem {
    /// Its text fields are missing or blank.
    NoText,
    /// The field of the user's own id is missing, blank, or no string or number.
    NoId,
    /// An earlier row of the source has the same id.
    DuplicateId,
    /// It is no JSON object, or has a NUL byte.
    Malformed,
    /// It is larger than the limit on rows.
    TooLong,
}

impl RowProblem {
    /// All problems, in the order in which they are told.
    pub const ALL: [Self; 5] = [Self::NoText, Self::NoId, Self::DuplicateId, Self::Malformed, Self::TooLong];

    /// What to tell of such rows, as in "skipped 3 rows: *no text*".
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoText => "no text",
            Self::NoId => "no id",
            Self::DuplicateId => "the id of an earlier row",
            Self::Malformed => "malformed",
            Self::TooLong => "too long",
        }
    }
}

/// How many rows have a problem, and where to look for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowTally {
    /// Rows.
    pub count: u64,
    /// The line on which the first of them starts, counted from 1; 0 if there is none.
    pub first_line: u64,
}

/// Counts of what was read, replaced and left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadStatistics {
    /// Documents.
    pub documents: u64,
    /// Passages of those documents.
    pub passages: u64,
    /// Lines without text, where every other line is a document.
    pub blank_lines: u64,
    /// Lines or rows in which bytes that are no text became U+FFFD.
    pub replaced_lines: u64,
    /// Lines of which only the start was kept, because they are longer than the limit.
    pub cut_lines: u64,
    skipped_rows: [RowTally; RowProblem::ALL.len()],
}

impl ReadStatistics {
    /// Rows that became no document for this reason.
    #[must_use]
    pub const fn skipped_rows(&self, problem: RowProblem) -> RowTally {
        self.skipped_rows[problem as usize]
    }

    pub(super) const fn skip_row(&mut self, problem: RowProblem, line: u64) {
        let tally = &mut self.skipped_rows[problem as usize];
        if tally.count == 0 {
            tally.first_line = line;
        }
        tally.count += 1;
    }
}
