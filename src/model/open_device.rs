//! Devices in candle.

use super::{Device, ModelError};

impl Device {
    /// The device in candle.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoDeviceSupport`] in a build without the feature of the device, [`ModelError::Device`] if there is
    /// no such device.
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
