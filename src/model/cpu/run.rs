//! The encoder: checks, tiles, threads.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::dense::Dense;
use super::error::{EncoderError, TokensError};
use super::layer::{Outputs, Tile, Workspace};
use super::pooling;
use super::precision::EncoderPrecision;
use super::shape::BertShape;
use super::tiles;
use super::weights::{LayerWeights, Weights};
use crate::model::Pooling;
use crate::simd::{InstructionSet, StoredMatrix, Threads};

/// A call with this many tokens packs float32 weights. Packing takes about as long as encoding 100 tokens, and saves
/// 1 % of the time of large tiles, more of small ones.
const PACKING_TOKENS: usize = 16_384;

/// A first call with this many tokens packs 8-bit weights; otherwise the second call does. Allocating memory for them
/// takes as long as quantizing them.
const PACKING_TOKENS_INT8: usize = 256;

/// A BERT encoder on the CPU.
#[derive(Debug)]
pub struct CpuEncoder {
    set: InstructionSet,
    precision: EncoderPrecision,
    shape: BertShape,
    weights: Weights,
    called: AtomicBool,
    /// As in [`DistanceBias::addends`](crate::simd::DistanceBias), with a reach of all positions.
    distance_addends: Option<Vec<f32>>,
    /// The workspaces that no thread uses.
    workspaces: Mutex<Vec<Workspace>>,
}

/// The sequences of a tile, and the memory of their vectors.
struct Job<'a> {
    sequences: &'a [&'a [u32]],
    seconds: Option<&'a [usize]>,
    vectors: &'a mut [f32],
}

impl CpuEncoder {
    /// An encoder for this CPU, in `precision`; `tensor` finds a tensor by its name in Hugging Face's `BertModel`.
    ///
    /// A tensor of one dimension is a matrix of one row. Only biases and the weights of normalizations are copied.
    ///
    /// # Errors
    ///
    /// [`EncoderError`] where a tensor is missing or has a shape other than `shape` implies.
    pub fn with_precision<E: std::error::Error + 'static>(
        precision: EncoderPrecision,
        shape: BertShape,
        tensor: impl Fn(&str) -> Result<StoredMatrix, E>,
    ) -> Result<Self, EncoderError<E>> {
        Self::with_instruction_set(InstructionSet::best(), precision, shape, tensor)
    }

    /// As [`CpuEncoder::with_precision`], with the instruction set `set`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with_instruction_set<E: std::error::Error + 'static>(
        set: InstructionSet,
        precision: EncoderPrecision,
        shape: BertShape,
        tensor: impl Fn(&str) -> Result<StoredMatrix, E>,
    ) -> Result<Self, EncoderError<E>> {
        shape.check()?;
        let weights = Weights::read(set, precision, &shape, tensor)?;
        Ok(Self {
            set,
            precision,
            shape,
            weights,
            called: AtomicBool::new(false),
            distance_addends: None,
            workspaces: Mutex::default(),
        })
    }

    /// Adds `addends` to the products of queries and keys, in every layer: for each head, `2 * positions - 1` addends,
    /// from that of the farthest key before a query to that of the farthest key after it. They are added before
    /// products are divided by the square root of a head's size.
    ///
    /// # Panics
    ///
    /// If there is not one for each head and distance.
    #[must_use]
    pub fn with_distance_addends(self, addends: Vec<f32>) -> Self {
        assert_eq!(addends.len(), self.shape.heads * (2 * self.shape.positions - 1), "one for each distance");
        Self { distance_addends: Some(addends), ..self }
    }

    /// The vector of each sequence, not scaled to length 1: sequences x hidden, in order.
    ///
    /// Works on the current rayon pool.
    ///
    /// # Errors
    ///
    /// [`TokensError`] where a sequence is empty, too long, or has a token beyond the vocabulary.
    pub fn encode(&self, sequences: &[&[u32]], pooling: Pooling) -> Result<Vec<f32>, TokensError> {
        self.encode_typed(sequences, None, pooling)
    }

    /// Like [`CpuEncoder::encode`], for pairs of texts: from the position in `seconds` on, the tokens of a sequence
    /// have type 1.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// If there is not one place for each sequence.
    pub fn encode_pairs(
        &self,
        sequences: &[&[u32]],
        seconds: &[usize],
        pooling: Pooling,
    ) -> Result<Vec<f32>, TokensError> {
        assert_eq!(sequences.len(), seconds.len(), "one place for each sequence");
        self.encode_typed(sequences, Some(seconds), pooling)
    }

    fn encode_typed(
        &self,
        sequences: &[&[u32]],
        seconds: Option<&[usize]>,
        pooling: Pooling,
    ) -> Result<Vec<f32>, TokensError> {
        let lengths = self.checked_lengths(sequences)?;
        let called_before = self.called.swap(true, Ordering::Relaxed);
        let packing_tokens = match self.precision {
            EncoderPrecision::Float32 => PACKING_TOKENS,
            EncoderPrecision::Int8 if called_before => 1,
            EncoderPrecision::Int8 => PACKING_TOKENS_INT8,
        };
        if lengths.iter().sum::<usize>() >= packing_tokens {
            self.pack();
        }
        let mut vectors = vec![0.0; sequences.len() * self.shape.hidden];
        let plan = tiles::plan(&lengths, rayon::current_num_threads());
        let jobs = self.jobs(plan.tiles, sequences, seconds, &mut vectors);
        let run = |mut job: Job<'_>| {
            self.with_workspace(|space| self.run_tile(&mut job, pooling, plan.threads, space));
        };
        match plan.threads {
            Threads::One => jobs.into_par_iter().with_max_len(1).for_each(run),
            Threads::All => jobs.into_iter().for_each(run),
        }
        Ok(vectors)
    }

    /// Packs the weights in the order of products, for all further calls: float32 takes twice the memory of float16
    /// weights, 8-bit integers half.
    ///
    /// A large call does so itself. Vectors do not change.
    pub(super) fn pack(&self) {
        let products = self.weights.layers.par_iter().flat_map(LayerWeights::products);
        products.for_each(Dense::pack);
    }

    /// The last layer's vector of every token of a sequence: tokens x hidden.
    #[cfg(test)]
    pub(super) fn hidden_states(&self, sequence: &[u32]) -> Result<Vec<f32>, TokensError> {
        self.checked_lengths(&[sequence])?;
        Ok(self.with_workspace(|space| {
            let job = Job { sequences: &[sequence], seconds: None, vectors: &mut [] };
            self.run_layers(&job, Pooling::Mean, Threads::All, space);
            (0..sequence.len()).flat_map(|row| space.hidden.row(row).to_vec()).collect()
        }))
    }

    /// Runs `work` with a workspace that no other thread uses.
    fn with_workspace<R>(&self, work: impl FnOnce(&mut Workspace) -> R) -> R {
        let lock = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = lock().pop();
        let mut space = unused.unwrap_or_else(|| Workspace::new(&self.shape));
        let result = work(&mut space);
        lock().push(space);
        result
    }

    fn jobs<'a>(
        &self,
        tiles: Vec<Range<usize>>,
        sequences: &'a [&'a [u32]],
        seconds: Option<&'a [usize]>,
        mut vectors: &'a mut [f32],
    ) -> Vec<Job<'a>> {
        let mut jobs = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let (own, rest) = vectors.split_at_mut(tile.len() * self.shape.hidden);
            let seconds = seconds.map(|seconds| &seconds[tile.clone()]);
            jobs.push(Job { sequences: &sequences[tile], seconds, vectors: own });
            vectors = rest;
        }
        jobs
    }

    fn run_tile(&self, job: &mut Job<'_>, pooling: Pooling, threads: Threads, space: &mut Workspace) {
        self.run_layers(job, pooling, threads, space);
        let mut first = 0;
        let targets = job.vectors.chunks_exact_mut(self.shape.hidden);
        for (index, (sequence, target)) in job.sequences.iter().zip(targets).enumerate() {
            match pooling {
                Pooling::Mean => pooling::mean(&space.hidden, first, sequence.len(), target),
                Pooling::Cls => target.copy_from_slice(space.hidden.row(index)),
            }
            first += sequence.len();
        }
    }

    /// Leaves the last layer's vectors in `space.hidden`: of all tokens for the mean, else of first tokens only.
    fn run_layers(&self, job: &Job<'_>, pooling: Pooling, threads: Threads, space: &mut Workspace) {
        let tile = Tile {
            set: self.set,
            threads,
            shape: &self.shape,
            sequences: job.sequences,
            seconds: job.seconds,
            distance_addends: self.distance_addends.as_deref(),
        };
        tile.embed(&self.weights.embeddings, space);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            let outputs = match pooling {
                Pooling::Cls if index + 1 == self.shape.layers => Outputs::FirstTokens,
                Pooling::Mean | Pooling::Cls => Outputs::Tokens,
            };
            tile.layer(layer, outputs, space);
        }
    }

    fn checked_lengths(&self, sequences: &[&[u32]]) -> Result<Vec<usize>, TokensError> {
        let BertShape { positions, vocabulary, .. } = self.shape;
        let check = |(sequence, tokens): (usize, &&[u32])| {
            if tokens.is_empty() {
                return Err(TokensError::Empty { sequence });
            }
            if tokens.len() > positions {
                return Err(TokensError::TooLong { sequence, tokens: tokens.len(), positions });
            }
            match tokens.iter().find(|&&token| token as usize >= vocabulary) {
                Some(&token) => Err(TokensError::UnknownToken { sequence, token, vocabulary }),
                None => Ok(tokens.len()),
            }
        };
        sequences.iter().enumerate().map(check).collect()
    }
}
