//! `MPNet` in candle, after `modeling_mpnet.py` of transformers.

use candle_core::{D, Device, Error, IndexOp, Module, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, VarBuilder, embedding, layer_norm, linear, ops::softmax};

use super::bert_config::BertConfig;
use super::distances::bucket;
use super::network::Network;
use crate::simd::Activation;

/// `MPNet` with its weights on a device; parameters have BERT's names.
pub(super) struct MpNet {
    words: Embedding,
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    /// Buckets x heads.
    bias: Tensor,
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    norm: LayerNorm,
    heads: usize,
    activation: Activation,
}

impl MpNet {
    pub(super) fn load(
        config: &BertConfig,
        parameters: &VarBuilder<'_>,
        bias: Tensor,
    ) -> Result<Self, Error> {
        let embeddings = parameters.pp("embeddings");
        let layers = parameters.pp("encoder.layer");
        Ok(Self {
            words: embedding(config.vocab_size, config.hidden_size, embeddings.pp("word_embeddings"))?,
            positions: embeddings.get_unchecked("position_embeddings.weight")?,
            norm: layer_norm(config.hidden_size, config.layer_norm_eps, embeddings.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers)
                .map(|layer| Layer::load(config, &layers.pp(layer)))
                .collect::<Result<_, _>>()?,
            bias,
        })
    }

    /// The addends of distances: 1 x heads x length x length.
    fn position_bias(&self, length: usize, device: &Device) -> Result<Tensor, Error> {
        let pairs = (0..length).flat_map(|query| (0..length).map(move |key| bucket(query, key) as u32));
        let buckets = Tensor::from_vec(pairs.collect::<Vec<_>>(), length * length, device)?;
        let bias = self.bias.index_select(&buckets, 0)?;
        bias.reshape((length, length, ()))?.permute((2, 0, 1))?.unsqueeze(0)?.contiguous()
    }
}

impl Network for MpNet {
    fn forward(&self, ids: &Tensor, _types: &Tensor, mask: &Tensor) -> Result<Tensor, Error> {
        let (_, length) = ids.dims2()?;
        let padding = ((1.0 - mask)? * f64::from(f32::MIN))?.unsqueeze(1)?.unsqueeze(1)?;
        let bias = self.position_bias(length, ids.device())?.broadcast_add(&padding)?;
        let embedded = self.words.forward(ids)?.broadcast_add(&self.positions.i(..length)?)?;
        self.layers
            .iter()
            .try_fold(self.norm.forward(&embedded)?, |hidden, layer| layer.forward(&hidden, &bias))
    }
}

impl Layer {
    fn load(config: &BertConfig, parameters: &VarBuilder<'_>) -> Result<Self, Error> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let square = |name: &str| linear(hidden, hidden, parameters.pp(name));
        let norm = |name: &str| layer_norm(hidden, config.layer_norm_eps, parameters.pp(name));
        Ok(Self {
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            output: square("attention.output.dense")?,
            attention_norm: norm("attention.output.LayerNorm")?,
            wide: linear(hidden, wide, parameters.pp("intermediate.dense"))?,
            narrow: linear(wide, hidden, parameters.pp("output.dense"))?,
            norm: norm("output.LayerNorm")?,
            heads: config.num_attention_heads,
            activation: config.hidden_act,
        })
    }

    fn forward(&self, hidden: &Tensor, bias: &Tensor) -> Result<Tensor, Error> {
        let attended = self.output.forward(&self.attend(hidden, bias)?)?;
        let hidden = self.attention_norm.forward(&(attended + hidden)?)?;
        let wide = self.wide.forward(&hidden)?;
        let wide = match self.activation {
            Activation::Gelu => wide.gelu_erf()?,
            Activation::GeluTanh => wide.gelu()?,
            Activation::Relu => wide.relu()?,
        };
        self.norm.forward(&(self.narrow.forward(&wide)? + hidden)?)
    }

    fn attend(&self, hidden: &Tensor, bias: &Tensor) -> Result<Tensor, Error> {
        let (batch, length, size) = hidden.dims3()?;
        let dimension = size / self.heads;
        let heads = |linear: &Linear| {
            let rows = linear.forward(hidden)?.reshape((batch, length, self.heads, dimension))?;
            rows.transpose(1, 2)?.contiguous()
        };
        let scores = heads(&self.query)?.matmul(&heads(&self.key)?.t()?)?;
        let scores = (scores / (dimension as f64).sqrt())?.broadcast_add(bias)?;
        let weighed = softmax(&scores, D::Minus1)?.matmul(&heads(&self.value)?)?;
        weighed.transpose(1, 2)?.reshape((batch, length, size))
    }
}
