//! Counts of what was read, replaced and left out of a source.

/// Why a row of a table or of JSON did not become a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowProblem {
    /// Its text fields are missing or blank.
    NoText,
    /// The id field is missing, blank, or neither a string nor a number.
    NoId,
    /// An earlier row of the source has the same id.
    DuplicateId,
    /// It is not a JSON object, or has a NUL byte.
    Malformed,
    /// It has more bytes than the limit on rows.
    TooLong,
    /// It has more fields than a row of a table may have.
    TooManyFields,
}

impl RowProblem {
    /// All problems, in the order in which they are reported.
    pub const ALL: [Self; 6] =
        [Self::NoText, Self::NoId, Self::DuplicateId, Self::Malformed, Self::TooLong, Self::TooManyFields];

    /// The problem in words, as in "skipped 3 rows: *no text*".
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoText => "no text",
            Self::NoId => "no id",
            Self::DuplicateId => "the id of an earlier row",
            Self::Malformed => "malformed",
            Self::TooLong => "too long",
            Self::TooManyFields => "too many fields",
        }
    }
}

/// The number of rows with a problem, and where the first of them is.
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
    /// Blank lines of a source whose other lines are documents.
    pub blank_lines: u64,
    /// Lines or rows in which bytes that are not UTF-8 became U+FFFD.
    pub replaced_lines: u64,
    /// Lines or rows of which only the start was kept, because a text or another field exceeds its limit.
    pub cut_lines: u64,
    skipped_rows: [RowTally; RowProblem::ALL.len()],
}

impl ReadStatistics {
    /// Rows that did not become documents for this reason.
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
