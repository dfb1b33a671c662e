//! The kernels and threads of this process.

use crate::model::{Device, ModelFiles};
use crate::simd::InstructionSet;

/// The kernels and threads of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    /// The instruction set of the encoder, or candle.
    pub encoder: &'static str,
    /// The instruction set of vector comparison.
    pub scan: &'static str,
    /// The number of threads.
    pub threads: usize,
}

impl Runtime {
    /// The runtime for a model on a device.
    #[must_use]
    pub fn of(files: &ModelFiles, device: Device) -> Self {
        let instructions = InstructionSet::best().name();
        let has_encoder = device == Device::Cpu && files.architecture.has_cpu_encoder();
        Self {
            encoder: if has_encoder { instructions } else { "candle" },
            scan: instructions,
            threads: rayon::current_num_threads(),
        }
    }
}
