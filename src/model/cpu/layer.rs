//! A tile passing through the layers.

use rayon::prelude::*;

use super::shape::BertShape;
use super::weights::{Embeddings, LayerWeights, TokenType};
use crate::simd::{
    Attention, DistanceBias, Heads, InstructionSet, LayerNorm, Matrix, Store, StridedRows, Threads,
};

/// The rows that one thread normalizes at a time when threads share a tile.
const SHARED_ROWS: usize = 32;

/// The activations of one tile, reused from tile to tile.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Tokens x hidden: the input and the output of every layer.
    pub hidden: Matrix,
    query: Matrix,
    /// Keys, then values.
    key_value: Matrix,
    context: Matrix,
    intermediate: Matrix,
}

impl Workspace {
    pub(super) fn new(shape: &BertShape) -> Self {
        Self {
            hidden: Matrix::with_columns(shape.hidden),
            query: Matrix::with_columns(shape.hidden),
            key_value: Matrix::with_columns(2 * shape.hidden),
            context: Matrix::with_columns(shape.hidden),
            intermediate: Matrix::with_columns(shape.intermediate),
        }
    }
}

/// The tokens of each sequence for which a layer computes its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outputs {
    /// All tokens.
    Tokens,
    /// The first token: CLS pooling uses only this output of the last layer.
    FirstTokens,
}

/// Sequences that pass through the layers together, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tile<'a> {
    pub set: InstructionSet,
    pub threads: Threads,
    pub shape: &'a BertShape,
    pub sequences: &'a [&'a [u32]],
    /// Where the second text of each sequence begins; `None` if every sequence is one text.
    pub seconds: Option<&'a [usize]>,
    /// As in [`DistanceBias::addends`], with a reach of all positions.
    pub distance_addends: Option<&'a [f32]>,
}

impl Tile<'_> {
    /// Looks up the embeddings of the tokens: a row of `space.hidden` for each, in order.
    pub(super) fn embed(&self, embeddings: &Embeddings, space: &mut Workspace) {
        space.hidden.reset_rows(self.sequences.iter().map(|sequence| sequence.len()).sum());
        let mut row = 0;
        for (index, sequence) in self.sequences.iter().enumerate() {
            let second = self.seconds.map_or(sequence.len(), |seconds| seconds[index]);
            for (position, &token) in sequence.iter().enumerate() {
                let token_type = if position < second { TokenType::First } else { TokenType::Second };
                let place = (position, token_type);
                embeddings.write_token(self.set, token, place, space.hidden.row_mut(row));
                row += 1;
            }
        }
        self.normalize(&embeddings.norm, &mut space.hidden);
    }

    /// One layer, from `space.hidden` to `space.hidden`.
    pub(super) fn layer(&self, layer: &LayerWeights, outputs: Outputs, space: &mut Workspace) {
        let (store, threads) = (Store::Replace, self.threads);
        layer.key_value.apply(&space.hidden, &mut space.key_value, store, threads);
        if outputs == Outputs::FirstTokens {
            self.keep_first_tokens(&mut space.hidden);
        }
        layer.query.apply(&space.hidden, &mut space.query, store, threads);
        self.attend(outputs, space);
        layer.attention_output.apply(&space.context, &mut space.hidden, Store::Add, threads);
        self.normalize(&layer.attention_norm, &mut space.hidden);
        let activate = Store::Activate(self.shape.activation);
        layer.intermediate.apply(&space.hidden, &mut space.intermediate, activate, threads);
        layer.output.apply(&space.intermediate, &mut space.hidden, Store::Add, threads);
        self.normalize(&layer.output_norm, &mut space.hidden);
    }

    /// Moves the first row of every sequence to the front and drops the others.
    fn keep_first_tokens(&self, matrix: &mut Matrix) {
        let mut first = 0;
        for (row, sequence) in self.sequences.iter().enumerate() {
            matrix.copy_row(first, row);
            first += sequence.len();
        }
        matrix.truncate_rows(self.sequences.len());
    }

    fn normalize(&self, norm: &LayerNorm, matrix: &mut Matrix) {
        let stride = matrix.stride();
        match self.threads {
            Threads::One => norm.apply(matrix.values_mut(), stride),
            Threads::All => {
                let blocks = matrix.values_mut().par_chunks_mut(SHARED_ROWS * stride);
                blocks.for_each(|rows| norm.apply(rows, stride));
            }
        }
    }

    fn attend(&self, outputs: Outputs, space: &mut Workspace) {
        let Workspace { query, key_value, context, .. } = space;
        context.reset_rows(query.rows());
        let stride = context.stride();
        let parts = self.parts(outputs, context);
        match self.threads {
            Threads::One => parts.for_each(|mut part| self.attend_part(query, key_value, &mut part)),
            Threads::All => parts.collect::<Vec<_>>().into_par_iter().for_each(|part| {
                let share = (part.output.len() / stride).div_ceil(rayon::current_num_threads());
                part.output.par_chunks_mut(share * stride).enumerate().for_each(|(index, output)| {
                    let (first_query, first_position) = (part.first_query + index * share, index * share);
                    let mut part = Part { first_query, first_position, output, ..part };
                    self.attend_part(query, key_value, &mut part);
                });
            }),
        }
    }

    /// The queries of each sequence, with their rows of `context`.
    fn parts<'a>(&'a self, outputs: Outputs, context: &'a mut Matrix) -> impl Iterator<Item = Part<'a>> {
        let stride = context.stride();
        let mut rest = context.values_mut();
        let (mut first_query, mut first_token) = (0, 0);
        self.sequences.iter().map(move |sequence| {
            let tokens = sequence.len();
            let queries = match outputs {
                Outputs::Tokens => tokens,
                Outputs::FirstTokens => 1,
            };
            let (output, after) = std::mem::take(&mut rest).split_at_mut(queries * stride);
            let part = Part { first_query, first_position: 0, first_token, tokens, output };
            (first_query, first_token, rest) = (first_query + queries, first_token + tokens, after);
            part
        })
    }

    fn attend_part(&self, query: &Matrix, key_value: &Matrix, part: &mut Part<'_>) {
        let keys = key_value.from_row(part.first_token);
        let bias = self.distance_addends.map(|addends| DistanceBias {
            addends,
            reach: self.shape.positions,
            first_position: part.first_position,
        });
        let attention = Attention {
            bias,
            queries: query.from_row(part.first_query),
            keys,
            values: StridedRows { values: &keys.values[self.shape.hidden..], ..keys },
            tokens: part.tokens,
            heads: Heads { count: self.shape.heads, dimension: self.shape.hidden / self.shape.heads },
        };
        attention.apply(self.set, part.output, query.stride());
    }
}

/// Queries of one sequence.
struct Part<'a> {
    first_query: usize,
    /// The position in its sequence of the first query.
    first_position: usize,
    first_token: usize,
    tokens: usize,
    output: &'a mut [f32],
}
