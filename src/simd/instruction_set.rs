//! The instruction sets that kernels are written for, and the choice among them.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::vector::{Avx2, Avx512, ByteDot};
#[cfg(target_arch = "aarch64")]
use super::vector::{DotProduct, I8mm, Neon};
use super::vector::{Operation, Portable, Simd};

/// The instruction set of this process.
static BEST: OnceLock<InstructionSet> = OnceLock::new();

/// A set of instructions that this CPU has.
///
/// Holding a value proves that the CPU has them: values come from [`InstructionSet::best`],
/// [`InstructionSet::available`], [`InstructionSet::named`] and [`InstructionSet::SCALAR`] only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstructionSet(pub(super) Instructions);

/// The instruction sets, the widest first.
///
/// Variants other than `Scalar` are created only in [`Instructions::detected`], after the CPU features were detected.
/// The soundness of every dispatch depends on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Instructions {
    /// AVX-512 F, BW, DQ, VL and VNNI, with AVX2, FMA and F16C: Intel since Cascade Lake, AMD since Zen 4.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// The same without VNNI, Intel's Skylake servers: products of bytes and dot products run on AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx512WithoutVnni(Avx512),
    /// AVX2 and products of four bytes in 256 bits: Intel's client CPUs since Alder Lake (AVX-VNNI). A CPU of `Avx512` has
    /// the same instruction in another encoding.
    #[cfg(target_arch = "x86_64")]
    AvxVnni(Avx2, ByteDot),
    /// AVX2, FMA and F16C: Intel since Haswell, AMD since Zen.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// NEON with products of matrices of bytes: Arm's Neoverse V1 and N2, Apple since M2.
    #[cfg(target_arch = "aarch64")]
    I8mm(I8mm),
    /// NEON with products of four bytes: Arm since Cortex-A76 and Neoverse N1, Apple's M1.
    #[cfg(target_arch = "aarch64")]
    DotProduct(DotProduct),
    /// Every 64-bit Arm CPU.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    /// Plain Rust.
    Scalar,
}

impl Instructions {
    /// The instruction sets of this CPU, the fastest first; `Scalar` is always last.
    fn detected() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            if let Some(avx512) = Avx512::detect() {
                if is_x86_feature_detected!("avx512vnni") {
                    found.push(Self::Avx512(avx512));
                }
                found.push(Self::Avx512WithoutVnni(avx512));
            }
            found.extend(ByteDot::detect().map(|byte_dot| Self::AvxVnni(avx2, byte_dot)));
            found.push(Self::Avx2(avx2));
        }
        #[cfg(target_arch = "aarch64")]
        {
            found.extend(I8mm::detect().map(Self::I8mm));
            found.extend(DotProduct::detect().map(Self::DotProduct));
            found.extend(Neon::detect().map(Self::Neon));
        }
        found.push(Self::Scalar);
        found
    }
}

impl InstructionSet {
    /// The instruction set of every CPU: plain Rust, which defines the results of all others.
    pub const SCALAR: Self = Self(Instructions::Scalar);

    /// All instruction sets of this CPU, the fastest first; [`InstructionSet::SCALAR`] is always the last.
    pub fn available() -> impl Iterator<Item = Self> {
        Instructions::detected().into_iter().map(Self)
    }

    /// The instruction set of this CPU with that [`InstructionSet::name`], if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::available().find(|set| set.name() == name)
    }

    /// The instruction set of all work in this process that names no other: the fastest of this CPU, unless
    /// [`InstructionSet::make_best`] chose one.
    #[must_use]
    pub fn best() -> Self {
        *BEST.get_or_init(|| Self::available().next().unwrap_or(Self::SCALAR))
    }

    /// Makes this instruction set [`InstructionSet::best`] for the rest of the process, so that one machine can measure
    /// and test the kernels of others. The first choice of a process stays: call this before any work.
    pub fn make_best(self) {
        BEST.get_or_init(|| self);
    }

    /// `avx512`, `avx512f` (without VNNI), `avxvnni` or `avx2`; on 64-bit Arm `i8mm`, `dotprod` or `neon` (without either);
    /// `scalar` everywhere.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512WithoutVnni(_) => "avx512f",
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni(..) => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) => "i8mm",
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(_) => "dotprod",
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(_) => "neon",
            Instructions::Scalar => "scalar",
        }
    }

    /// The float32 lanes of a vector of the encoder's kernels.
    #[must_use]
    pub const fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(_) | Instructions::Avx512WithoutVnni(_) => Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni(..) | Instructions::Avx2(_) => Avx2::LANES,
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) | Instructions::DotProduct(_) | Instructions::Neon(_) => Neon::LANES,
            Instructions::Scalar => Portable::LANES,
        }
    }

    /// Runs `operation` with these instructions.
    pub(crate) fn run<O: Operation>(self, operation: O) -> O::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(simd) | Instructions::Avx512WithoutVnni(simd) => simd.vectorize(operation),
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni(simd, _) | Instructions::Avx2(simd) => simd.vectorize(operation),
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(i8mm) => i8mm.dot_product().neon().vectorize(operation),
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(dot_product) => dot_product.neon().vectorize(operation),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(neon) => neon.vectorize(operation),
            Instructions::Scalar => Portable.vectorize(operation),
        }
    }
}

impl std::fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::vector::WIDEST;

    #[test]
    fn the_best_comes_first_and_plain_rust_last() {
        assert_eq!(InstructionSet::available().next(), Some(InstructionSet::best()));
        assert_eq!(InstructionSet::available().last(), Some(InstructionSet::SCALAR));
        assert!(InstructionSet::available().all(|set| set.lanes() <= WIDEST));
        let names: std::collections::HashSet<_> =
            InstructionSet::available().map(InstructionSet::name).collect();
        assert_eq!(names.len(), InstructionSet::available().count());
        assert!(InstructionSet::available().all(|set| InstructionSet::named(set.name()) == Some(set)));
        assert_eq!(InstructionSet::named("mmx"), None);
    }
}
