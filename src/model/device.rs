//! The devices that run models.

/// A kind of device. Those other than the CPU run the reference encoder, in builds with the feature of their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
    /// The first GPU of a Mac.
    Metal,
}

impl Device {
    /// The name on the command line, and of the cargo feature.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }
}
