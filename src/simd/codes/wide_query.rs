//! One query of 16-bit integers.

use super::layout::{BLOCK, padded};

/// A query of 16-bit integers.
#[derive(Debug, Clone)]
pub struct WideQuery {
    /// The components, padded with zeros.
    pub(super) values: Vec<[i16; BLOCK]>,
    /// The same as `256 * planes[0] + planes[1]`, both of them signed bytes in two's complement.
    pub(super) planes: Vec<[[u8; BLOCK]; 2]>,
    /// The sum of the components, modulo 2^32.
    sum: i32,
}

impl WideQuery {
    /// The largest magnitude of a component: `127 * 256 + 127`, so that both of its bytes are signed.
    pub const LARGEST: i16 = 32_639;

    /// The largest sum of the magnitudes of all components: 256 times it fits a 32-bit integer.
    pub const LARGEST_SUM: u32 = (1 << 23) - 1;

    /// A query of those components.
    ///
    /// # Panics
    ///
    /// If there are none, or they exceed [`WideQuery::LARGEST`] or [`WideQuery::LARGEST_SUM`].
    #[must_use]
    pub fn new(components: &[i16]) -> Self {
        assert!(!components.is_empty(), "a query has components");
        let sum: u64 = components.iter().map(|value| u64::from(value.unsigned_abs())).sum();
        assert!(sum <= u64::from(Self::LARGEST_SUM), "the sums of products fit 32 bits");
        let allowed = -Self::LARGEST..=Self::LARGEST;
        assert!(components.iter().all(|value| allowed.contains(value)), "both bytes are signed");
        let values: Vec<[i16; BLOCK]> = components.chunks(BLOCK).map(padded).collect();
        let plane =
            |block: &[i16; BLOCK], index: usize| block.map(|value| two_bytes(value)[index].cast_unsigned());
        let planes = values.iter().map(|block| [plane(block, 0), plane(block, 1)]).collect();
        Self { values, planes, sum: components.iter().map(|&value| i32::from(value)).sum() }
    }

    /// Turns sums of products with a stored part into sums with its values: `part * unit - raised_by`.
    pub(super) fn centre(&self, sums: &mut [i32], unit: i32, raised_by: i32) {
        let raised = raised_by.wrapping_mul(self.sum);
        for sum in sums {
            *sum = sum.wrapping_mul(unit).wrapping_sub(raised);
        }
    }
}

/// `value` as 256 times a signed byte, which comes first, plus another.
fn two_bytes(value: i16) -> [i8; 2] {
    let low = value.to_le_bytes()[0].cast_signed();
    let high = (i32::from(value) - i32::from(low)) / 256;
    [i8::try_from(high).expect("a component is at most `WideQuery::LARGEST`"), low]
}
