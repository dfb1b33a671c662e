//! The parameters of a model, named as in Hugging Face's `BertModel`.

use super::dense::Dense;
use super::error::EncoderError;
use super::precision::EncoderPrecision;
use super::shape::BertShape;
use crate::simd::{InstructionSet, LayerNorm, StoredMatrix, add_row};

/// All parameters.
#[derive(Debug)]
pub(super) struct Weights {
    pub embeddings: Embeddings,
    pub layers: Vec<LayerWeights>,
}

/// The text of a pair that a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenType {
    First,
    Second,
}

/// The embedding tables.
#[derive(Debug)]
pub(super) struct Embeddings {
    words: StoredMatrix,
    positions: StoredMatrix,
    /// Added to every token of type 0, as all tokens of a single text are.
    token_type: Vec<f32>,
    /// Added to every token of type 1; equal to that of type 0 if the model has no other.
    second_token_type: Vec<f32>,
    pub norm: LayerNorm,
}

impl Embeddings {
    /// Writes the sum of a token's embeddings, before normalization.
    pub(super) fn write_token(
        &self,
        set: InstructionSet,
        token: u32,
        (position, token_type): (usize, TokenType),
        target: &mut [f32],
    ) {
        target.copy_from_slice(match token_type {
            TokenType::First => &self.token_type,
            TokenType::Second => &self.second_token_type,
        });
        add_row(set, &self.words, token as usize, target);
        add_row(set, &self.positions, position, target);
    }
}

/// The parameters of a layer.
#[derive(Debug)]
pub(super) struct LayerWeights {
    pub query: Dense,
    /// Keys, then values.
    pub key_value: Dense,
    pub attention_output: Dense,
    pub attention_norm: LayerNorm,
    pub intermediate: Dense,
    pub output: Dense,
    pub output_norm: LayerNorm,
}

/// Looks tensors up by name and checks their shapes.
struct Reader<'a, F> {
    set: InstructionSet,
    precision: EncoderPrecision,
    shape: &'a BertShape,
    tensor: F,
}

impl LayerWeights {
    pub(super) const fn products(&self) -> [&Dense; 5] {
        [&self.query, &self.key_value, &self.attention_output, &self.intermediate, &self.output]
    }
}

impl Weights {
    pub(super) fn read<E: std::error::Error + 'static>(
        set: InstructionSet,
        precision: EncoderPrecision,
        shape: &BertShape,
        tensor: impl Fn(&str) -> Result<StoredMatrix, E>,
    ) -> Result<Self, EncoderError<E>> {
        let reader = Reader { set, precision, shape, tensor };
        let embeddings = reader.embeddings()?;
        let layers = (0..shape.layers).map(|layer| reader.layer(layer)).collect::<Result<_, _>>()?;
        Ok(Self { embeddings, layers })
    }
}

impl<E: std::error::Error + 'static, F: Fn(&str) -> Result<StoredMatrix, E>> Reader<'_, F> {
    fn embeddings(&self) -> Result<Embeddings, EncoderError<E>> {
        let BertShape { hidden, vocabulary, positions, .. } = *self.shape;
        let types = self.any_rows("embeddings.token_type_embeddings.weight", hidden)?;
        Ok(Embeddings {
            words: self.matrix("embeddings.word_embeddings.weight", [vocabulary, hidden])?,
            positions: self.matrix("embeddings.position_embeddings.weight", [positions, hidden])?,
            token_type: types.row(0).collect(),
            second_token_type: types.row(types.rows().min(2) - 1).collect(),
            norm: self.norm("embeddings")?,
        })
    }

    fn layer(&self, layer: usize) -> Result<LayerWeights, EncoderError<E>> {
        let BertShape { hidden, intermediate, .. } = *self.shape;
        let at = |part: &str| format!("encoder.layer.{layer}.{part}");
        let projection = |part: &str| self.linear(&at(&format!("attention.self.{part}")), [hidden, hidden]);
        let joined = |layers| Dense::new(self.set, self.precision, layers).expect("the shapes were checked");
        Ok(LayerWeights {
            query: joined(vec![projection("query")?]),
            key_value: joined(vec![projection("key")?, projection("value")?]),
            attention_output: joined(vec![self.linear(&at("attention.output.dense"), [hidden, hidden])?]),
            attention_norm: self.norm(&at("attention.output"))?,
            intermediate: joined(vec![self.linear(&at("intermediate.dense"), [intermediate, hidden])?]),
            output: joined(vec![self.linear(&at("output.dense"), [hidden, intermediate])?]),
            output_norm: self.norm(&at("output"))?,
        })
    }

    fn linear(&self, name: &str, shape: [usize; 2]) -> Result<(StoredMatrix, StoredMatrix), EncoderError<E>> {
        let weight = self.matrix(&format!("{name}.weight"), shape)?;
        Ok((weight, self.matrix(&format!("{name}.bias"), [1, shape[0]])?))
    }

    fn norm(&self, name: &str) -> Result<LayerNorm, EncoderError<E>> {
        let shape = [1, self.shape.hidden];
        let weight = self.matrix(&format!("{name}.LayerNorm.weight"), shape)?;
        let bias = self.matrix(&format!("{name}.LayerNorm.bias"), shape)?;
        let norm = LayerNorm::new(self.set, &weight, &bias, self.shape.layer_norm_epsilon);
        Ok(norm.expect("the shapes were checked"))
    }

    fn matrix(&self, name: &str, expected: [usize; 2]) -> Result<StoredMatrix, EncoderError<E>> {
        let matrix = self.any_rows(name, expected[1])?;
        let found = [matrix.rows(), matrix.columns()];
        if found == expected {
            Ok(matrix)
        } else {
            Err(EncoderError::TensorShape { name: name.to_owned(), found, expected })
        }
    }

    /// A matrix of `columns` columns and at least one row.
    fn any_rows(&self, name: &str, columns: usize) -> Result<StoredMatrix, EncoderError<E>> {
        let matrix =
            (self.tensor)(name).map_err(|source| EncoderError::Tensor { name: name.to_owned(), source })?;
        let found = [matrix.rows(), matrix.columns()];
        if matrix.rows() > 0 && matrix.columns() == columns {
            Ok(matrix)
        } else {
            Err(EncoderError::TensorShape { name: name.to_owned(), found, expected: [1, columns] })
        }
    }
}
