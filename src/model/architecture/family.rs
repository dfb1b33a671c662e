//! The BERT family: one encoder; its members differ in the names of tensors and in positions.

use std::collections::HashMap;
use std::convert::Infallible;

use candle_core::{DType, Device, Error, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{self, BertModel};

use super::bert_config::BertConfig;
use super::checks::ConfigFault;
use super::distances;
use super::mpnet_network::MpNet;
use super::network::{Network, copied};
use super::tensor_names::TensorNames;
use crate::model::Weights;
use crate::model::cpu::{BertShape, CpuEncoder, EncoderPrecision};
use crate::simd::{Activation, StoredMatrix};

const POSITIONS: &str = "embeddings.position_embeddings.weight";
const TOKEN_TYPES: &str = "embeddings.token_type_embeddings.weight";

/// A member of the family: the configuration of BERT, and how the member differs from BERT.
#[derive(Debug, Clone, PartialEq)]
pub struct BertFamily {
    model_type: &'static str,
    config: BertConfig,
    names: &'static TensorNames,
    first_position: usize,
}

impl BertFamily {
    /// A member whose first token has row `first_position` of the position embedding.
    pub(super) fn new(
        model_type: &'static str,
        config: BertConfig,
        names: &'static TensorNames,
        first_position: usize,
    ) -> Result<Self, ConfigFault> {
        config.check(first_position)?;
        Ok(Self { model_type, config, names, first_position })
    }

    pub(super) const fn model_type(&self) -> &'static str {
        self.model_type
    }

    /// The sizes, as BERT names them.
    #[must_use]
    pub const fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The longest text in tokens.
    pub(super) const fn positions(&self) -> usize {
        self.config.max_position_embeddings - self.first_position
    }

    /// Whether the tokens of the second text of a pair have type 1.
    pub(super) const fn types_pairs(&self) -> bool {
        self.names.token_types && self.config.type_vocab_size > 1
    }

    pub(super) const fn nested_prefix(&self) -> &'static str {
        self.names.nested_prefix
    }

    /// The tensors by their names in the weights file.
    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let present = |(name, _): &(String, _)| self.names.token_types || name != TOKEN_TYPES;
        let stored = |(name, shape): (String, _)| (self.names.stored(&name), shape);
        let bias =
            self.names.relative_positions.then(|| distances::bias_tensor(self.config.num_attention_heads));
        self.config.tensors().into_iter().filter(present).map(stored).chain(bias).collect()
    }

    /// The text of BERT must not change: it is part of the fingerprints of indexes.
    pub(super) fn facts(&self) -> String {
        let BertConfig { num_attention_heads, hidden_act, layer_norm_eps, .. } = &self.config;
        let facts =
            format!("heads {num_attention_heads} activation {hidden_act:?} epsilon {layer_norm_eps:e}");
        if self.model_type == "bert" {
            return facts;
        }
        format!("{} {facts} first position {}", self.model_type, self.first_position)
    }

    /// The tensor that BERT calls `name`; for positions, only the rows that tokens use.
    fn tensor(&self, weights: &Weights, name: &str) -> StoredMatrix {
        match name {
            POSITIONS => weights.rows_from(name, self.first_position),
            TOKEN_TYPES if !self.names.token_types => StoredMatrix::zeros(self.config.hidden_size),
            _ => weights.tensor(&self.names.stored(name)),
        }
    }

    /// The encoder for this CPU; the weights are not copied.
    pub(in crate::model) fn cpu_encoder(&self, weights: &Weights, precision: EncoderPrecision) -> CpuEncoder {
        let tensor = |name: &str| Ok::<_, Infallible>(self.tensor(weights, name));
        let encoder = CpuEncoder::with_precision(precision, self.shape(), tensor);
        let encoder = encoder.expect("the weights were checked against the configuration");
        if !self.names.relative_positions {
            return encoder;
        }
        let bias = weights.tensor(&distances::bias_tensor(self.config.num_attention_heads).0);
        encoder.with_distance_addends(distances::distance_addends(
            &bias,
            self.positions(),
            self.config.hidden_size,
        ))
    }

    const fn shape(&self) -> BertShape {
        BertShape {
            vocabulary: self.config.vocab_size,
            positions: self.positions(),
            hidden: self.config.hidden_size,
            layers: self.config.num_hidden_layers,
            heads: self.config.num_attention_heads,
            intermediate: self.config.intermediate_size,
            activation: self.config.hidden_act,
            layer_norm_epsilon: self.config.layer_norm_eps as f32,
        }
    }

    pub(super) fn network(&self, weights: &Weights, device: &Device) -> Result<Box<dyn Network>, Error> {
        let copy = |(name, mut shape): (String, Vec<usize>)| {
            let matrix = self.tensor(weights, &name);
            // Fewer positions than in the file, and one token type if the file has none.
            shape[0] = if shape.len() == 2 { matrix.rows() } else { shape[0] };
            let tensor = copied(&matrix, &shape, device)?;
            Ok((name, tensor))
        };
        let tensors = self.config.tensors().into_iter().map(copy);
        let tensors: HashMap<String, Tensor> = tensors.collect::<Result<_, Error>>()?;
        let builder = VarBuilder::from_tensors(tensors, DType::F32, device);
        if self.names.relative_positions {
            let (name, shape) = distances::bias_tensor(self.config.num_attention_heads);
            let bias = copied(&weights.tensor(&name), &shape, device)?;
            return Ok(Box::new(MpNet::load(&self.config, &builder, bias)?));
        }
        Ok(Box::new(BertModel::load(builder, &self.candle_config())?))
    }

    fn candle_config(&self) -> bert::Config {
        let config = &self.config;
        bert::Config {
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            num_hidden_layers: config.num_hidden_layers,
            num_attention_heads: config.num_attention_heads,
            intermediate_size: config.intermediate_size,
            hidden_act: match config.hidden_act {
                Activation::Gelu => bert::HiddenAct::Gelu,
                Activation::GeluTanh => bert::HiddenAct::GeluApproximate,
                Activation::Relu => bert::HiddenAct::Relu,
            },
            max_position_embeddings: self.positions(),
            type_vocab_size: config.type_vocab_size,
            layer_norm_eps: config.layer_norm_eps,
            ..bert::Config::default()
        }
    }
}

impl Network for BertModel {
    fn forward(&self, ids: &Tensor, types: &Tensor, mask: &Tensor) -> Result<Tensor, Error> {
        Self::forward(self, ids, types, Some(mask))
    }
}
