//! A model's weights: a safetensors file whose header was checked against the model's configuration.
//!
//! Format: <https://huggingface.co/docs/safetensors>. A file from outside is untrusted: its header size, its offsets
//! and every tensor's type and shape are checked before a number is read.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors, tensor::Metadata};
use sha2::{Digest, Sha256};

use super::ModelError;
use super::digest_cache::{DigestCache, FileState};
use super::hex::hex;
use super::read::check_regular;
use crate::mapped_file::{MappedFile, OnTruncation};
use crate::simd::{Element, StoredMatrix};

/// The tensors that an encoder uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedTensors {
    /// Names and shapes, in a fixed order.
    pub tensors: Vec<(String, Vec<usize>)>,
    /// The prefix of all names in checkpoints that store the encoder with a head.
    pub nested_prefix: &'static str,
}

/// The bytes of a safetensors file and its checked header.
#[derive(Debug)]
pub struct Weights {
    bytes: Arc<WeightBytes>,
    path: PathBuf,
    header: Metadata,
    /// Where the tensor data starts.
    data_start: usize,
    /// The prefix of the names of tensors in this file.
    prefix: &'static str,
    tensors: Vec<(String, Vec<usize>)>,
    /// The state that identifies the content of the file; `None` if the system does not provide it.
    state: Option<FileState>,
    cache: Option<DigestCache>,
    digest: OnceLock<String>,
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
    pub fn open(path: &Path, expected: ExpectedTensors) -> Result<Self, ModelError> {
        let failed = |source| ModelError::Read { path: path.to_owned(), source };
        check_regular(path).map_err(failed)?;
        let file = File::open(path).map_err(failed)?;
        let state = FileState::new(path, &file.metadata().map_err(failed)?);
        let bytes = WeightBytes::Mapped(MappedFile::whole(&file, OnTruncation::EndProcess).map_err(failed)?);
        Ok(Self { state, ..Self::check(bytes, path.to_owned(), expected)? })
    }

    /// Checks weights that are part of the program.
    #[cfg(feature = "bundled-model")]
    pub(super) fn from_static(
        bytes: &'static [u8],
        path: &str,
        expected: ExpectedTensors,
    ) -> Result<Self, ModelError> {
        Self::check(WeightBytes::Static(bytes), path.into(), expected)
    }

    /// Caches [`Weights::digest`] in `cache`.
    #[must_use]
    pub(super) fn with_digest_cache(self, cache: DigestCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    fn check(bytes: WeightBytes, path: PathBuf, expected: ExpectedTensors) -> Result<Self, ModelError> {
        let (header_size, header) = SafeTensors::read_metadata(bytes.as_ref())
            .map_err(|source| ModelError::Safetensors { path: path.clone(), source })?;
        let data_start = size_of::<u64>() + header_size;
        let ExpectedTensors { tensors, nested_prefix } = expected;
        let is_nested = header.info(&format!("{nested_prefix}{}", tensors[0].0)).is_some();
        let weights = Self {
            bytes: Arc::new(bytes),
            path,
            header,
            data_start,
            prefix: if is_nested { nested_prefix } else { "" },
            tensors,
            state: None,
            cache: None,
            digest: OnceLock::new(),
        };
        weights.tensors.iter().try_for_each(|(name, shape)| weights.check_tensor(name, shape))?;
        Ok(weights)
    }

    fn check_tensor(&self, tensor: &str, expected: &[usize]) -> Result<(), ModelError> {
        let (path, tensor) = (self.path.clone(), tensor.to_owned());
        let Some(info) = self.header.info(&format!("{}{tensor}", self.prefix)) else {
            return Err(ModelError::MissingTensor { path, tensor });
        };
        if !matches!(info.dtype, Dtype::F16 | Dtype::F32) {
            return Err(ModelError::TensorType { path, tensor, found: format!("{:?}", info.dtype) });
        }
        if info.shape != expected {
            let (found, expected) = (info.shape.clone(), expected.to_owned());
            return Err(ModelError::TensorShape { path, tensor, found, expected });
        }
        Ok(())
    }

    /// The size of the whole file in bytes.
    #[must_use]
    pub fn file_size(&self) -> u64 {
        (*self.bytes).as_ref().len() as u64
    }

    /// SHA-256 over the digests of all expected tensors, in order; a tensor's digest is over its name, its shape and its
    /// numbers as float32, little-endian.
    pub(super) fn digest(&self) -> &str {
        // Set instead of `get_or_init`: a rayon worker that waits inside a cell can start work that needs the same
        // cell.
        if self.digest.get().is_none() {
            // Another thread may have set the same digest first.
            let _ = self.digest.set(self.remembered_digest().unwrap_or_else(|| self.computed_digest()));
        }
        self.digest.get().expect("it was just set")
    }

    fn remembered_digest(&self) -> Option<String> {
        let (cache, state, subject) = (self.cache.as_ref()?, self.state.as_ref()?, self.subject());
        cache.get(state, &subject).or_else(|| {
            let digest = self.computed_digest();
            cache.put(state.clone(), &subject, &digest);
            Some(digest)
        })
    }

    /// The subject of the digest besides the file: the same file may serve two configurations.
    fn subject(&self) -> String {
        let tensors: Vec<String> =
            self.tensors.iter().map(|(name, shape)| format!("{name} {shape:?}")).collect();
        format!("tensors {}", hex(&Sha256::digest(tensors.join("\n"))))
    }

    fn computed_digest(&self) -> String {
        let digest = |(name, shape): &(String, Vec<usize>)| {
            let mut hasher = Sha256::new_with_prefix(format!("{name} {shape:?}\n"));
            let tensor = self.tensor(name);
            let mut row_bytes = Vec::with_capacity(tensor.columns() * size_of::<f32>());
            for row in 0..tensor.rows() {
                row_bytes.clear();
                row_bytes.extend(tensor.row(row).flat_map(f32::to_le_bytes));
                hasher.update(&row_bytes);
            }
            hasher.finalize()
        };
        let digests: Vec<_> = self.tensors.par_iter().map(digest).collect();
        hex(&Sha256::digest(digests.concat()))
    }

    /// The expected tensor `name`; one of a single dimension is a matrix of one row.
    ///
    /// # Panics
    ///
    /// If no such tensor was expected.
    #[must_use]
    pub fn tensor(&self, name: &str) -> StoredMatrix {
        self.rows_from(name, 0)
    }

    /// The rows of the tensor `name` from `first` on, at least one.
    pub(super) fn rows_from(&self, name: &str, first: usize) -> StoredMatrix {
        let info = self
            .header
            .info(&format!("{}{name}", self.prefix))
            .expect("every expected tensor was found when the header was checked");
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
