//! The dimensions of a BERT encoder.

use super::error::EncoderError;
use crate::simd::Activation;

/// The dimensions of a BERT encoder (Devlin et al., arXiv 1810.04805), as `config.json` names them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BertShape {
    /// Rows of the token table; `vocab_size`.
    pub vocabulary: usize,
    /// The longest sequence; `max_position_embeddings`.
    pub positions: usize,
    /// The width of a hidden vector; `hidden_size`.
    pub hidden: usize,
    /// The number of layers; `num_hidden_layers`.
    pub layers: usize,
    /// The attention heads of a layer; `num_attention_heads`.
    pub heads: usize,
    /// The width between the two feed-forward products; `intermediate_size`.
    pub intermediate: usize,
    /// The function between them; `hidden_act`.
    pub activation: Activation,
    /// Added to variances; `layer_norm_eps`.
    pub layer_norm_epsilon: f32,
}

impl BertShape {
    /// # Errors
    ///
    /// [`EncoderError::Zero`] and [`EncoderError::Heads`].
    pub(super) fn check<E: std::error::Error + 'static>(&self) -> Result<(), EncoderError<E>> {
        let sizes = [
            ("vocabulary", self.vocabulary),
            ("number of positions", self.positions),
            ("hidden size", self.hidden),
            ("number of layers", self.layers),
            ("number of heads", self.heads),
            ("intermediate size", self.intermediate),
        ];
        if let Some(&(name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(EncoderError::Zero(name));
        }
        if self.hidden.is_multiple_of(self.heads) {
            Ok(())
        } else {
            Err(EncoderError::Heads { hidden: self.hidden, heads: self.heads })
        }
    }
}
