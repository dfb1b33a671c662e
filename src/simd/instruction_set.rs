//! The choice of instruction set, made once.

#[cfg(target_arch = "x86_64")]
use super::vector::{Avx2, Avx512};
use super::vector::{Operation, Portable, Simd};

/// The instructions that the encoder's kernels use.
///
/// Holding a value proves that this CPU has them: values come from [`InstructionSet::best`] and
/// [`InstructionSet::available`] only. Results differ in their last bits between instruction sets, never within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstructionSet(Choice);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Portable(Portable),
}

impl InstructionSet {
    /// The fastest that this CPU has.
    #[must_use]
    pub fn best() -> Self {
        Self::detected().next().unwrap_or(Self(Choice::Portable(Portable)))
    }

    /// All that this CPU has, the fastest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::detected().collect()
    }

    /// Its name, for reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => "AVX2",
            Choice::Portable(_) => "portable",
        }
    }

    /// The number of float32 lanes of a vector.
    #[must_use]
    pub const fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(_) => Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => Avx2::LANES,
            Choice::Portable(_) => Portable::LANES,
        }
    }

    /// Runs `operation` with these instructions.
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(simd) => simd.vectorize(operation),
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(simd) => simd.vectorize(operation),
            Choice::Portable(simd) => simd.vectorize(operation),
        }
    }

    fn detected() -> impl Iterator<Item = Self> {
        let portable = std::iter::once(Self(Choice::Portable(Portable)));
        #[cfg(target_arch = "x86_64")]
        let wider = {
            let avx512 = Avx512::detect().map(|simd| Self(Choice::Avx512(simd)));
            let avx2 = Avx2::detect().map(|simd| Self(Choice::Avx2(simd)));
            avx512.into_iter().chain(avx2)
        };
        #[cfg(not(target_arch = "x86_64"))]
        let wider = std::iter::empty();
        wider.chain(portable)
    }
}
