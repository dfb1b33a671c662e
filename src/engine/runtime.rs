//! What computes in this process.

use crate::model::{Device, ModelFiles};
use crate::simd::InstructionSet;

/// What computes in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    /// The instructions that texts are encoded with, or candle.
    pub encoder: &'static str,
    /// The instructions that vectors are compared with.
    pub scan: &'static str,
    /// The number of threads.
    pub threads: usize,
}

impl Runtime {
    /// For a model on a device.
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
