//! The reference encoder: every architecture in candle, on padded batches.
//!
//! Faster encoders are tested against it. It computes the architectures without a faster encoder, and runs on devices
//! other than the CPU.

use std::ops::Range;

use candle_core::{Device, Tensor};

use super::architecture::Network;
use super::{Architecture, Encoder, ModelError, Pooling, Weights};

/// The most tokens of a padded batch (longest sequence times number of sequences): the fastest of 512 to 16,384 on long
/// texts.
const PADDED_TOKENS: usize = 2048;

/// An architecture in candle's float32.
pub struct ReferenceEncoder {
    network: Box<dyn Network>,
    hidden_size: usize,
    device: Device,
}

impl std::fmt::Debug for ReferenceEncoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ReferenceEncoder").field("device", &self.device).finish_non_exhaustive()
    }
}

impl ReferenceEncoder {
    /// Copies the weights to `device`, widened to float32.
    ///
    /// # Errors
    ///
    /// [`ModelError::Encode`] where the device is missing or out of memory.
    pub fn new(architecture: &Architecture, weights: &Weights, device: Device) -> Result<Self, ModelError> {
        let network = architecture.network(weights, &device)?;
        Ok(Self { network, hidden_size: architecture.hidden_size(), device })
    }

    fn encode_batch(
        &self,
        batch: &[Typed<'_>],
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, candle_core::Error> {
        let longest = batch.iter().map(|(sequence, _)| sequence.len()).max().unwrap_or(0);
        let mut ids = vec![0_u32; batch.len() * longest];
        let mut types = vec![0_u32; batch.len() * longest];
        let mut mask = vec![0_f32; batch.len() * longest];
        for (row, (sequence, second)) in batch.iter().enumerate() {
            let real = row * longest..row * longest + sequence.len();
            ids[real.clone()].copy_from_slice(sequence);
            types[real.clone()][*second..].fill(1);
            mask[real].fill(1.0);
        }
        let tensor = |values: Vec<u32>| Tensor::from_vec(values, (batch.len(), longest), &self.device);
        let mask = Tensor::from_vec(mask, (batch.len(), longest), &self.device)?;
        let hidden = self.network.forward(&tensor(ids)?, &tensor(types)?, &mask)?;
        let pooled = match pooling {
            Pooling::Cls => hidden.narrow(1, 0, 1)?.squeeze(1)?,
            Pooling::Mean => {
                let sum = hidden.broadcast_mul(&mask.unsqueeze(2)?)?.sum(1)?;
                sum.broadcast_div(&mask.sum_keepdim(1)?)?
            }
        };
        pooled.to_vec2()
    }
}

/// A sequence, and where its tokens of type 1 begin.
type Typed<'a> = (&'a [u32], usize);

impl Encoder for ReferenceEncoder {
    fn encode(&self, sequences: &[&[u32]], pooling: Pooling) -> Result<Vec<f32>, ModelError> {
        let seconds: Vec<usize> = sequences.iter().map(|sequence| sequence.len()).collect();
        self.encode_pairs(sequences, &seconds, pooling)
    }

    fn encode_pairs(
        &self,
        sequences: &[&[u32]],
        seconds: &[usize],
        pooling: Pooling,
    ) -> Result<Vec<f32>, ModelError> {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| sequences[index].len());
        let ordered: Vec<Typed<'_>> = order.iter().map(|&index| (sequences[index], seconds[index])).collect();
        let mut rows = vec![0.0; sequences.len() * self.hidden_size];
        for range in padded_batches(&ordered) {
            let pooled = self.encode_batch(&ordered[range.clone()], pooling)?;
            for (&index, row) in order[range].iter().zip(pooled) {
                rows[index * self.hidden_size..(index + 1) * self.hidden_size].copy_from_slice(&row);
            }
        }
        Ok(rows)
    }
}

/// Cuts sequences sorted by length into batches of at most [`PADDED_TOKENS`], or of one sequence.
fn padded_batches(ordered: &[Typed<'_>]) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut start = 0;
    for end in 1..=ordered.len() {
        let full = ordered.get(end).is_none_or(|(next, _)| (end + 1 - start) * next.len() > PADDED_TOKENS);
        if full {
            batches.push(start..end);
            start = end;
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_cover_every_sequence_once_and_stay_within_the_padded_size() {
        let lengths = [1, 1, 3, 200, 300, 400, 500, 512, 512, 512, 512, 512, 3000];
        let sequences: Vec<Vec<u32>> = lengths.iter().map(|&length| vec![0; length]).collect();
        let ordered: Vec<Typed<'_>> =
            sequences.iter().map(|sequence| (sequence.as_slice(), sequence.len())).collect();
        let batches = padded_batches(&ordered);
        let covered: Vec<usize> = batches.iter().cloned().flatten().collect();
        assert_eq!(covered, (0..lengths.len()).collect::<Vec<_>>());
        for batch in batches {
            assert!(batch.len() == 1 || batch.len() * lengths[batch.end - 1] <= PADDED_TOKENS);
        }
        assert!(padded_batches(&[]).is_empty());
    }
}
