//! Limits of all models.

/// The fewest tokens that the longest text may have: room for `[CLS]`, one token and `[SEP]`.
pub(super) const MIN_TOKENS: usize = 3;
