//! The layout of codes: blocks and groups.

/// The number of codes of a block: the bytes of a 512-bit register.
pub const BLOCK: usize = 64;

/// The bytes of the coarse part of a block.
pub const COARSE_BYTES: usize = 48;

/// The bytes of the fine part of a block.
pub const FINE_BYTES: usize = 16;

/// The number of queries to multiply at a time, each in its own lane.
pub const GROUP: usize = 16;

/// The offset of a code, which makes it unsigned.
pub const RAISED_BY: u8 = 128;

/// `values` and zeros.
pub(super) fn padded<T: Copy + Default, const N: usize>(values: &[T]) -> [T; N] {
    let mut padded = [T::default(); N];
    padded[..values.len()].copy_from_slice(values);
    padded
}
