//! What a model runs on.

use super::ModelError;

/// A kind of device. Those beside the CPU run the reference encoder, in builds with the feature of their name.
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

    /// The device as candle knows it.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoDeviceSupport`] in a build without its feature, [`ModelError::Device`] where there is none.
    pub fn open(self) -> Result<candle_core::Device, ModelError> {
        let device = match self {
            Self::Cpu => return Ok(candle_core::Device::Cpu),
            Self::Cuda if cfg!(feature = "cuda") => candle_core::Device::new_cuda(0),
            Self::Metal if cfg!(feature = "metal") => candle_core::Device::new_metal(0),
            Self::Cuda | Self::Metal => return Err(ModelError::NoDeviceSupport { device: self }),
        };
        device.map_err(|source| ModelError::Device { device: self, source })
    }
}
