//! The request of a scan and its answer.

use roaring::RoaringBitmap;

use crate::topk::Scored;

/// Which rows a scan returns.
#[derive(Debug, Clone, Copy)]
pub struct ScanRequest<'a> {
    /// The most rows: 0 is none, `usize::MAX` is all.
    pub count: usize,
    /// The least score. NaN reaches no minimum.
    pub minimum: Option<f32>,
    /// The rows to choose from; those beyond the matrix are ignored. The scan then costs no more than these rows do.
    pub allowed: Option<&'a RoaringBitmap>,
}

impl ScanRequest<'_> {
    /// The best `count` of all rows.
    #[must_use]
    pub const fn best(count: usize) -> Self {
        Self { count, minimum: None, allowed: None }
    }
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The best rows, the best first.
    pub best: Vec<Scored>,
    /// How they were found.
    pub statistics: Statistics,
}

/// How a scan found its answer. Unlike the answer, this may change from run to run, where codes rule out so few rows
/// that the scan falls back to one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// The rows that were allowed.
    pub rows: usize,
    /// The allowed rows that were scored in float32.
    pub rows_scored: usize,
}
