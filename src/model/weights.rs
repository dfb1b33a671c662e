//! A model's weights: a safetensors file whose header was checked against the model's configuration.
//!
//! Format: <https://huggingface.co/docs/safetensors>. A file from outside is untrusted: its header size, its offsets
//! and every tensor's type and shape are checked before a number is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors, tensor::Metadata};

use super::{Architecture, ModelError};
use crate::mapped_file::MappedFile;
use crate::simd::{Element, StoredMatrix};

/// The bytes of a safetensors file and its checked header.
#[derive(Debug)]
pub struct Weights {
    bytes: Arc<WeightBytes>,
    path: PathBuf,
    header: Metadata,
    /// Where the tensor data starts.
    data_start: usize,
    /// Some checkpoints keep the encoder under this name, beside a head that is not used here.
    prefix: &'static str,
}

#[derive(Debug)]
enum WeightBytes {
    #[cfg_attr(
        not(feature = "bundled-model"),
        expect(dead_code, reason = "only the bundled model is static")
    )]
    Static(&'static [u8]),
    Mapped(MappedFile),
}

impl Weights {
    /// Maps and checks a safetensors file.
    ///
    /// # Errors
    ///
    /// [`ModelError::Read`], or a [`ModelError`] that names the header or the tensor at fault.
    pub fn open(path: &Path, architecture: &Architecture) -> Result<Self, ModelError> {
        let file =
            MappedFile::open(path).map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
        Self::check(WeightBytes::Mapped(file), path.to_owned(), architecture)
    }

    /// Checks weights that are part of the program.
    #[cfg(feature = "bundled-model")]
    pub(super) fn from_static(
        bytes: &'static [u8],
        path: &str,
        architecture: &Architecture,
    ) -> Result<Self, ModelError> {
        Self::check(WeightBytes::Static(bytes), path.into(), architecture)
    }

    fn check(bytes: WeightBytes, path: PathBuf, architecture: &Architecture) -> Result<Self, ModelError> {
        let (header_size, header) = SafeTensors::read_metadata(bytes.as_ref())
            .map_err(|source| ModelError::Safetensors { path: path.clone(), source })?;
        let data_start = size_of::<u64>() + header_size;
        let (tensors, nested) = (architecture.tensors(), architecture.nested_prefix());
        let is_nested = header.info(&format!("{nested}{}", tensors[0].0)).is_some();
        let prefix = if is_nested { nested } else { "" };
        let weights = Self { bytes: Arc::new(bytes), path, header, data_start, prefix };
        for (name, shape) in tensors {
            weights.check_tensor(name, shape)?;
        }
        Ok(weights)
    }

    fn check_tensor(&self, tensor: String, expected: Vec<usize>) -> Result<(), ModelError> {
        let path = self.path.clone();
        let Some(info) = self.header.info(&format!("{}{tensor}", self.prefix)) else {
            return Err(ModelError::MissingTensor { path, tensor });
        };
        if !matches!(info.dtype, Dtype::F16 | Dtype::F32) {
            return Err(ModelError::TensorType { path, tensor, found: format!("{:?}", info.dtype) });
        }
        if info.shape != expected {
            return Err(ModelError::TensorShape { path, tensor, found: info.shape.clone(), expected });
        }
        Ok(())
    }

    /// The size of the whole file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        (*self.bytes).as_ref().len() as u64
    }

    /// The tensor `name`, a name of [`Architecture::tensors`]; one of a single dimension is a matrix of one row.
    ///
    /// # Panics
    ///
    /// If the architecture that the weights were checked against has no such tensor.
    #[must_use]
    pub fn tensor(&self, name: &str) -> StoredMatrix {
        self.rows_from(name, 0)
    }

    /// The rows of the tensor `name` from `first` on, of which there must be some.
    pub(super) fn rows_from(&self, name: &str, first: usize) -> StoredMatrix {
        let info = self
            .header
            .info(&format!("{}{name}", self.prefix))
            .expect("every tensor of the architecture was found when the header was checked");
        let (start, end) = info.data_offsets;
        let element = if info.dtype == Dtype::F16 { Element::Float16 } else { Element::Float32 };
        let [rows, columns] = match *info.shape {
            [columns] => [1, columns],
            [rows, columns] => [rows, columns],
            _ => unreachable!("the tensors of an architecture have one or two dimensions"),
        };
        let skipped = first * columns * element.bytes();
        let range = self.data_start + start + skipped..self.data_start + end;
        StoredMatrix::new(self.bytes.clone(), range, element, [rows - first, columns])
            .expect("the header's offsets fit its shapes and the file")
    }
}

impl AsRef<[u8]> for WeightBytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Mapped(file) => file.as_slice(),
        }
    }
}
