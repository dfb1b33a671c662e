//! Nomic BERT: rotary positions and gated feed-forward blocks.

use candle_core::{DType, Device, Error, Tensor};
use candle_transformers::models::nomic_bert::{Config, NomicBertModel};
use serde::Deserialize;
use serde_json::Value;

use super::checks::{self, ConfigFault};
use super::network::{Network, parameters};
use crate::model::Weights;

/// `config.json` of nomic-ai's repositories.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "it mirrors config.json")]
pub struct NomicBertConfig {
    /// Rows of the word embedding.
    pub vocab_size: usize,
    /// Components of a hidden state.
    #[serde(rename = "n_embd")]
    pub hidden_size: usize,
    n_layer: usize,
    n_head: usize,
    n_inner: usize,
    /// The longest text in tokens.
    #[serde(rename = "n_positions")]
    pub max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_epsilon: f64,
    rotary_emb_base: f64,
    /// The fraction of a head that positions rotate.
    rotary_emb_fraction: f64,
    #[serde(default)]
    rotary_emb_interleaved: bool,
    /// Set if positions are scaled in texts longer than those of training.
    rotary_scaling_factor: Option<f64>,
    #[serde(default = "trained_positions")]
    max_trained_positions: usize,
    activation_function: String,
    #[serde(default)]
    prenorm: bool,
    #[serde(default)]
    qkv_proj_bias: bool,
    #[serde(default)]
    mlp_fc1_bias: bool,
    #[serde(default)]
    mlp_fc2_bias: bool,
    #[serde(default)]
    use_rms_norm: bool,
}

/// The default of the authors' code.
const fn trained_positions() -> usize {
    2048
}

impl NomicBertConfig {
    pub(super) fn from_value(value: Value) -> Result<Self, ConfigFault> {
        let mut config: Self = serde_json::from_value(value)?;
        if config.rotary_scaling_factor.is_some() {
            config.max_position_embeddings = config.max_position_embeddings.min(config.max_trained_positions);
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigFault> {
        checks::layers("n_layer", self.n_layer)?;
        checks::sizes(&[
            ("vocab_size", self.vocab_size),
            ("n_embd", self.hidden_size),
            ("n_head", self.n_head),
            ("n_inner", self.n_inner),
            ("n_positions", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ])?;
        checks::hidden(self.hidden_size, self.n_head)?;
        checks::rotary(self.hidden_size, self.n_head, self.max_position_embeddings)?;
        checks::positions(self.max_position_embeddings, 0)?;
        checks::epsilon(self.layer_norm_epsilon)?;
        checks::rotary_base("rotary_emb_base", self.rotary_emb_base)?;
        checks::only("rotary_emb_fraction", &self.rotary_emb_fraction, &1.0, "only 1.0 is supported")?;
        let swiglu = "swiglu".to_owned();
        checks::only(
            "activation_function",
            &self.activation_function,
            &swiglu,
            "only 'swiglu' is supported",
        )?;
        for (field, on) in [
            ("rotary_emb_interleaved", self.rotary_emb_interleaved),
            ("prenorm", self.prenorm),
            ("qkv_proj_bias", self.qkv_proj_bias),
            ("mlp_fc1_bias", self.mlp_fc1_bias),
            ("mlp_fc2_bias", self.mlp_fc2_bias),
            ("use_rms_norm", self.use_rms_norm),
        ] {
            checks::only(field, &on, &false, "only false is supported")?;
        }
        Ok(())
    }

    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden_size, self.n_inner);
        let mut tensors = vec![
            ("embeddings.word_embeddings.weight".to_owned(), vec![self.vocab_size, hidden]),
            ("embeddings.token_type_embeddings.weight".to_owned(), vec![self.type_vocab_size, hidden]),
            ("emb_ln.weight".to_owned(), vec![hidden]),
            ("emb_ln.bias".to_owned(), vec![hidden]),
        ];
        for layer in 0..self.n_layer {
            let mut add = |part: &str, shape| tensors.push((format!("encoder.layers.{layer}.{part}"), shape));
            add("attn.Wqkv.weight", vec![3 * hidden, hidden]);
            add("attn.out_proj.weight", vec![hidden, hidden]);
            add("mlp.fc11.weight", vec![wide, hidden]);
            add("mlp.fc12.weight", vec![wide, hidden]);
            add("mlp.fc2.weight", vec![hidden, wide]);
            for norm in ["norm1", "norm2"] {
                add(&format!("{norm}.weight"), vec![hidden]);
                add(&format!("{norm}.bias"), vec![hidden]);
            }
        }
        tensors
    }

    pub(super) fn facts(&self) -> String {
        format!(
            "nomic_bert heads {} epsilon {:e} theta {}",
            self.n_head, self.layer_norm_epsilon, self.rotary_emb_base
        )
    }

    pub(super) fn network(&self, weights: &Weights, device: &Device) -> Result<Box<dyn Network>, Error> {
        let config = Config {
            vocab_size: self.vocab_size,
            n_embd: self.hidden_size,
            n_head: self.n_head,
            n_layer: self.n_layer,
            n_inner: self.n_inner,
            n_positions: self.max_position_embeddings,
            type_vocab_size: self.type_vocab_size,
            layer_norm_epsilon: self.layer_norm_epsilon,
            rotary_emb_base: self.rotary_emb_base,
            ..Config::default()
        };
        let parameters = parameters(self.tensors(), weights, "", device)?;
        Ok(Box::new(NomicBertModel::load(parameters, &config)?))
    }
}

impl Network for NomicBertModel {
    fn forward(&self, ids: &Tensor, _types: &Tensor, mask: &Tensor) -> Result<Tensor, Error> {
        Self::forward(self, ids, None, Some(&mask.to_dtype(DType::U32)?))
    }
}
