//! The selection of rows of a matrix to multiply.

/// Numbers of rows, counted from 0.
#[derive(Debug, Clone, Copy)]
pub(super) enum Picked<'a> {
    /// This many, from the first on.
    First(usize),
    /// These, in that order.
    At(&'a [u32]),
}

impl Picked<'_> {
    #[inline]
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::First(count) => *count,
            Self::At(numbers) => numbers.len(),
        }
    }

    /// `N` numbers from position `start` on; if there are fewer, the last one is repeated.
    #[inline]
    pub(super) fn tile<const N: usize>(self, start: usize) -> [usize; N] {
        let last = self.len() - 1;
        std::array::from_fn(|offset| {
            let position = last.min(start + offset);
            match self {
                Self::First(_) => position,
                Self::At(numbers) => numbers[position] as usize,
            }
        })
    }
}
