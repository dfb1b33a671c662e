//! Faults of filters.

/// A filter that cannot be parsed, and where it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter {filter:?}, column {column}: {problem}")]
pub struct FilterError {
    /// The filter as typed.
    pub filter: String,
    /// The character at fault, counted from 1; one more than there are if something is missing at the end.
    pub column: usize,
    /// What is wrong there.
    pub problem: FilterProblem,
}

/// What is wrong with a filter, and how to correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterProblem {
    /// Nothing before the operator.
    #[error("a field is missing; write one as in year >= 2020")]
    MissingField,
    /// Nothing beside a dot.
    #[error("a name is missing beside the dot; put quotes around a name with a dot in it")]
    MissingStep,
    /// Nothing after the field.
    #[error("an operator is missing; use one of = != < <= > >= ~")]
    MissingOperator,
    /// A field of several words.
    #[error("an operator is expected here; put quotes around a name with spaces")]
    TextAfterField,
    /// Signs that are not an operator.
    #[error("{found} is not an operator; use one of = != < <= > >= ~")]
    UnknownOperator {
        /// What was typed.
        found: String,
    },
    /// Nothing after the operator.
    #[error("a value is missing; for an empty one write \"\"")]
    MissingValue,
    /// A quote without another.
    #[error("this quote is never closed; close it, or put a backslash before it")]
    UnclosedQuote,
    /// A value of several words.
    #[error("the value ends before this; put quotes around a value with spaces")]
    TextAfterValue,
    /// A text compared by order with a number.
    #[error("{field} is a text, and has no order among numbers; put quotes around the value")]
    TextOrderedByNumber {
        /// The field.
        field: &'static str,
    },
}

impl FilterError {
    /// The filter, and beneath it a mark at the fault.
    #[must_use]
    pub fn pointer(&self) -> String {
        format!("{}\n{:>column$}", self.filter, '^', column = self.column)
    }
}
