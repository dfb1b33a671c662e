//! `ModernBERT`: rotary positions, and local attention in most layers.

use candle_core::{Device, Error, Tensor};
use candle_transformers::models::modernbert::{Config, ModernBert};
use serde::Deserialize;
use serde_json::Value;

use super::checks::{self, ConfigFault};
use super::network::{Network, parameters};
use crate::model::Weights;

/// `config.json`, in the form of transformers 4 or 5.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ModernBertConfig {
    /// Rows of the word embedding.
    pub vocab_size: usize,
    /// Components of a hidden state.
    pub hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    /// The longest text in tokens.
    pub max_position_embeddings: usize,
    #[serde(default = "epsilon")]
    norm_eps: f64,
    /// Tokens that a layer with local attention sees, half on each side.
    #[serde(default = "local_attention")]
    local_attention: usize,
    /// transformers 4: every n-th layer sees all tokens, starting with the first.
    #[serde(default = "global_period")]
    global_attn_every_n_layers: usize,
    #[serde(default = "global_theta")]
    global_rope_theta: f64,
    #[serde(default = "local_theta")]
    local_rope_theta: f64,
    /// transformers 5: the kind of every layer.
    layer_types: Option<Vec<String>>,
    /// transformers 5: the positions of both kinds of layers.
    rope_parameters: Option<RopeParameters>,
    #[serde(default = "gelu")]
    hidden_activation: String,
    #[serde(default)]
    norm_bias: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct RopeParameters {
    full_attention: Rope,
    sliding_attention: Rope,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Rope {
    rope_theta: f64,
    rope_type: String,
}

// The defaults of transformers.
const fn epsilon() -> f64 {
    1e-5
}
const fn local_attention() -> usize {
    128
}
const fn global_period() -> usize {
    3
}
const fn global_theta() -> f64 {
    160_000.0
}
const fn local_theta() -> f64 {
    10_000.0
}
fn gelu() -> String {
    "gelu".to_owned()
}

impl ModernBertConfig {
    pub(super) fn from_value(value: Value) -> Result<Self, ConfigFault> {
        let mut config: Self = serde_json::from_value(value)?;
        config.read_version_5()?;
        config.check()?;
        Ok(config)
    }

    /// Moves the fields of transformers 5 into those of transformers 4.
    fn read_version_5(&mut self) -> Result<(), ConfigFault> {
        if let Some(rope) = self.rope_parameters.take() {
            for Rope { rope_type, .. } in [&rope.full_attention, &rope.sliding_attention] {
                checks::only("rope_type", rope_type, &"default".to_owned(), "only 'default' is supported")?;
            }
            self.global_rope_theta = rope.full_attention.rope_theta;
            self.local_rope_theta = rope.sliding_attention.rope_theta;
        }
        let Some(types) = self.layer_types.take() else { return Ok(()) };
        let is_global = |kind: &String| kind == "full_attention";
        self.global_attn_every_n_layers =
            types.iter().skip(1).position(is_global).map_or(types.len().max(1), |position| position + 1);
        let period = self.global_attn_every_n_layers;
        let regular = types.iter().enumerate().all(|(layer, kind)| is_global(kind) == (layer % period == 0));
        if regular && types.len() == self.num_hidden_layers {
            return Ok(());
        }
        let expected = "which does not repeat one layer of full attention at a fixed interval";
        Err(ConfigFault::Field("layer_types", types.join(", "), expected))
    }

    fn check(&self) -> Result<(), ConfigFault> {
        checks::layers("num_hidden_layers", self.num_hidden_layers)?;
        checks::sizes(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("local_attention", self.local_attention),
            ("global_attn_every_n_layers", self.global_attn_every_n_layers),
        ])?;
        checks::hidden(self.hidden_size, self.num_attention_heads)?;
        checks::rotary(self.hidden_size, self.num_attention_heads, self.max_position_embeddings)?;
        checks::positions(self.max_position_embeddings, 0)?;
        checks::epsilon(self.norm_eps)?;
        checks::rotary_base("global_rope_theta", self.global_rope_theta)?;
        checks::rotary_base("local_rope_theta", self.local_rope_theta)?;
        checks::only("hidden_activation", &self.hidden_activation, &gelu(), "only 'gelu' is supported")?;
        for (field, bias) in [
            ("norm_bias", self.norm_bias),
            ("attention_bias", self.attention_bias),
            ("mlp_bias", self.mlp_bias),
        ] {
            checks::only(field, &bias, &false, "only false is supported")?;
        }
        Ok(())
    }

    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden_size, self.intermediate_size);
        let mut tensors = vec![
            ("embeddings.tok_embeddings.weight".to_owned(), vec![self.vocab_size, hidden]),
            ("embeddings.norm.weight".to_owned(), vec![hidden]),
        ];
        for layer in 0..self.num_hidden_layers {
            let mut add = |part: &str, shape| tensors.push((format!("layers.{layer}.{part}.weight"), shape));
            // The embeddings are normalized just before the first layer.
            if layer > 0 {
                add("attn_norm", vec![hidden]);
            }
            add("attn.Wqkv", vec![3 * hidden, hidden]);
            add("attn.Wo", vec![hidden, hidden]);
            add("mlp_norm", vec![hidden]);
            add("mlp.Wi", vec![2 * wide, hidden]);
            add("mlp.Wo", vec![hidden, wide]);
        }
        tensors.push(("final_norm.weight".to_owned(), vec![hidden]));
        tensors
    }

    pub(super) fn facts(&self) -> String {
        format!(
            "modernbert heads {} epsilon {:e} window {} global {} theta {} local theta {}",
            self.num_attention_heads,
            self.norm_eps,
            self.local_attention,
            self.global_attn_every_n_layers,
            self.global_rope_theta,
            self.local_rope_theta,
        )
    }

    pub(super) fn network(&self, weights: &Weights, device: &Device) -> Result<Box<dyn Network>, Error> {
        let config = Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            max_position_embeddings: self.max_position_embeddings,
            layer_norm_eps: self.norm_eps,
            pad_token_id: 0,
            global_attn_every_n_layers: self.global_attn_every_n_layers,
            global_rope_theta: self.global_rope_theta,
            local_attention: self.local_attention,
            local_rope_theta: self.local_rope_theta,
            classifier_config: None,
        };
        let parameters = parameters(self.tensors(), weights, "model.", device)?;
        Ok(Box::new(ModernBert::load(parameters, &config)?))
    }
}

impl Network for ModernBert {
    fn forward(&self, ids: &Tensor, _types: &Tensor, mask: &Tensor) -> Result<Tensor, Error> {
        Self::forward(self, ids, mask)
    }
}
