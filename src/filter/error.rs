//! Errors in filters.

/// A filter that cannot be parsed, and the position of the error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter {filter:?}, column {column}: {problem}")]
pub struct FilterError {
    /// The filter as typed.
    pub filter: String,
    /// The position of the error in characters, counted from 1; one past the end if something is missing at the end.
    pub column: usize,
    /// The error at that position.
    pub problem: FilterProblem,
}

/// An error in a filter, and its correction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterProblem {
    /// Nothing before the operator.
    #[error("a field is missing; write one as in year >= 2020")]
    MissingField,
    /// No name next to a dot.
    #[error("a name is missing beside the dot; put quotes around a name with a dot in it")]
    MissingStep,
    /// Nothing after the field.
    #[error("an operator is missing; use one of = != < <= > >= ~")]
    MissingOperator,
    /// A field of several words.
    #[error("an operator is expected here; put quotes around a name with spaces")]
    TextAfterField,
    /// Symbols that are not an operator.
    #[error("{found} is not an operator; use one of = != < <= > >= ~")]
    UnknownOperator {
        /// The text as typed.
        found: String,
    },
    /// Nothing after the operator.
    #[error("a value is missing; for an empty one write \"\"")]
    MissingValue,
    /// A quote that is not closed.
    #[error("this quote is never closed; close it, or put a backslash before it")]
    UnclosedQuote,
    /// A value of several words.
    #[error("the value ends before this; put quotes around a value with spaces")]
    TextAfterValue,
    /// A text that is compared by order with a number.
    #[error("{field} is a text, and has no order among numbers; put quotes around the value")]
    TextOrderedByNumber {
        /// The field.
        field: &'static str,
    },
}

impl FilterError {
    /// The filter, and below it a mark at the error.
    #[must_use]
    pub fn pointer(&self) -> String {
        format!("{}\n{:>column$}", self.filter, '^', column = self.column)
    }
}
