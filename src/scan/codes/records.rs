//! The sizes of records.

use crate::simd::{BLOCK, COARSE_BYTES, FINE_BYTES};
use crate::vectors::Dimension;

/// The longest row that has codes: 1, with room for the rounding of its components.
pub(in crate::scan) const LONGEST: f64 = 1.0 + 1.0 / 1024.0;

/// The bytes of a coarse record before its codes.
pub(super) const COARSE_HEADER: usize = 8;

/// The bytes of a fine record before its codes.
pub(super) const FINE_HEADER: usize = 4;

/// The bytes of the coarse record of one row.
#[must_use]
pub const fn coarse_record_size(dimension: Dimension) -> usize {
    COARSE_HEADER + dimension.get().div_ceil(BLOCK) * COARSE_BYTES
}

/// The bytes of the fine record of one row.
#[must_use]
pub const fn fine_record_size(dimension: Dimension) -> usize {
    FINE_HEADER + dimension.get().div_ceil(BLOCK) * FINE_BYTES
}
