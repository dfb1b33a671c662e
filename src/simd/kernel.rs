//! The instruction sets of dot products, and the choice among them.

use std::str::FromStr;
use std::sync::OnceLock;

/// A set of instructions that this CPU has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kernel(pub(super) Instructions);

/// The instruction sets that kernels are written for, the widest first.
///
/// A variant other than `Scalar` is made in [`Instructions::detected`] only, after the CPU was asked: the
/// soundness of every dispatch rests on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Instructions {
    /// AVX-512 F, BW, VL and VNNI, with AVX2 and FMA: Intel since Cascade Lake, AMD since Zen 4.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 and FMA: Intel since Haswell, AMD since Zen.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Part of every 64-bit ARM CPU.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Plain Rust.
    Scalar,
}

impl Instructions {
    /// What this CPU has, the fastest first; `Scalar` is always last.
    fn detected() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni")
            {
                found.push(Self::Avx512);
            }
            found.push(Self::Avx2);
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            found.push(Self::Neon);
        }
        found.push(Self::Scalar);
        found
    }
}

/// A name that is not that of a kernel, or of one that this CPU cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no kernel '{name}' on this CPU; it has {}", .available.join(", "))]
pub struct UnknownKernel {
    /// What was asked for.
    pub name: String,
    /// The names that would have done.
    pub available: Vec<&'static str>,
}

impl Kernel {
    /// The kernel that every CPU has: plain Rust, the meaning of all the others.
    pub const SCALAR: Self = Self(Instructions::Scalar);

    /// The kernels of this CPU, the fastest first; [`Kernel::SCALAR`] is always the last.
    pub fn available() -> impl Iterator<Item = Self> {
        Instructions::detected().into_iter().map(Self)
    }

    /// The fastest kernel of this CPU. The CPU is asked once per run.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().next().unwrap_or(Self::SCALAR))
    }

    /// `avx512`, `avx2`, `neon` or `scalar`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => "neon",
            Instructions::Scalar => "scalar",
        }
    }
}

impl FromStr for Kernel {
    type Err = UnknownKernel;

    /// The available kernel of that [`name`](Kernel::name).
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::available().find(|kernel| kernel.name() == name).ok_or_else(|| UnknownKernel {
            name: name.to_owned(),
            available: Self::available().map(Self::name).collect(),
        })
    }
}

impl std::fmt::Display for Kernel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_kernel_is_found_by_its_name() {
        for kernel in Kernel::available() {
            assert_eq!(kernel.name().parse(), Ok(kernel));
        }
        assert_eq!(Kernel::available().last(), Some(Kernel::SCALAR));
        assert_eq!(Kernel::available().next(), Some(Kernel::best()));
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let error = "sse9".parse::<Kernel>().unwrap_err();
        assert_eq!(error.name, "sse9");
        assert!(error.to_string().ends_with("scalar"), "{error}");
    }
}
