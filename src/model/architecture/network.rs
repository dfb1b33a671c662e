//! The interface between an architecture and candle.

use std::collections::HashMap;

use candle_core::{DType, Device, Error, Tensor};
use candle_nn::VarBuilder;

use crate::model::Weights;
use crate::simd::StoredMatrix;

/// An architecture in candle, with its weights on a device.
pub(in crate::model) trait Network: Send + Sync {
    /// Last hidden states of equally long, padded rows: batch x length x hidden size. `ids` are token ids, `types` are
    /// token types, which a model without them ignores; `mask` is 1 for a token and 0 for padding, in float32; all are
    /// batch x length.
    fn forward(&self, ids: &Tensor, types: &Tensor, mask: &Tensor) -> Result<Tensor, Error>;
}

/// A copy of `matrix` on `device`, in float32 and of `shape`.
pub(super) fn copied(matrix: &StoredMatrix, shape: &[usize], device: &Device) -> Result<Tensor, Error> {
    let values: Vec<f32> = (0..matrix.rows()).flat_map(|row| matrix.row(row)).collect();
    Tensor::from_vec(values, shape, device)
}

/// Copies of `tensors` on `device`, with `prefix` before their names.
pub(super) fn parameters(
    tensors: Vec<(String, Vec<usize>)>,
    weights: &Weights,
    prefix: &str,
    device: &Device,
) -> Result<VarBuilder<'static>, Error> {
    let copy = |(name, shape): (String, Vec<usize>)| {
        Ok((format!("{prefix}{name}"), copied(&weights.tensor(&name), &shape, device)?))
    };
    let tensors: HashMap<String, Tensor> = tensors.into_iter().map(copy).collect::<Result<_, Error>>()?;
    Ok(VarBuilder::from_tensors(tensors, DType::F32, device))
}
