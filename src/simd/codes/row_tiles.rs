//! Rows in tiles, prefetched before they are multiplied.

use super::parts::PartRows;

/// The prefetch distance in bytes: a page, since the CPU itself prefetches only to the end of a page.
const AHEAD: usize = 4096;

/// The bytes of a cache line.
const LINE: usize = 64;

/// Computes the sums of `ROWS` rows at a time by `tile`.
///
/// Inlined, so that it is compiled with the instructions of its caller.
#[inline(always)]
pub(super) fn wide_sums<const BYTES: usize, const ROWS: usize>(
    rows: PartRows<'_, BYTES>,
    sums: &mut [i32],
    tile: impl Fn([&[[u8; BYTES]]; ROWS]) -> [i32; ROWS],
) {
    for (index, sums) in sums.chunks_mut(ROWS).enumerate() {
        if let Some(bytes) = rows.run(index * ROWS, ROWS) {
            prefetch_ahead_of(bytes);
        }
        sums.iter_mut().zip(tile(rows.tile(index * ROWS))).for_each(|(sum, total)| *sum = total);
    }
}

/// Prefetches the bytes at a distance of [`AHEAD`] from `bytes`.
#[inline(always)]
#[expect(unsafe_code, reason = "a prefetch goes through a pointer")]
fn prefetch_ahead_of(bytes: &[u8]) {
    for offset in (0..bytes.len()).step_by(LINE) {
        let address = bytes.as_ptr().wrapping_add(offset + AHEAD);
        // SAFETY: a prefetch reads nothing and never faults for any address, so it may go past the end of the rows.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
            #[cfg(target_arch = "aarch64")]
            std::arch::asm!(
                "prfm pldl1keep, [{}]",
                in(reg) address,
                options(nostack, preserves_flags, readonly),
            );
        }
    }
}
