//! Asking for rows before they are multiplied.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

/// How far ahead, in bytes: a page, since the CPU by itself looks ahead to the end of a page only.
const AHEAD: usize = 4096;

/// The bytes of a cache line.
const LINE: usize = 64;

/// Asks for the bytes that stand [`AHEAD`] of `bytes`.
#[inline(always)]
#[expect(unsafe_code, reason = "a prefetch goes through a pointer")]
pub(super) fn ahead_of(bytes: &[u8]) {
    for offset in (0..bytes.len()).step_by(LINE) {
        // SAFETY: a prefetch reads nothing and never faults, wherever it points, so that the end of the rows does not
        // matter.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().wrapping_add(offset + AHEAD).cast()) };
    }
}
