//! `MPNet` (Song et al., arXiv 2004.09297): BERT without token types, whose attention depends on the distance of tokens,
//! too, in the same way in every layer. After `modeling_mpnet.py` of transformers.

use candle_core::{D, Device, Error, IndexOp, Module, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, VarBuilder, embedding, layer_norm, linear, ops::softmax};
use serde::Deserialize;
use serde_json::Value;

use super::bert::BertConfig;
use super::checks::{self, ConfigFault};
use super::family::{BertFamily, Names};
use super::network::Network;
use crate::simd::{Activation, StoredMatrix};

const NAMES: Names = Names {
    nested_prefix: "mpnet.",
    layers: "encoder.layer",
    parts: &[
        ("attention.self.query", "attention.attn.q"),
        ("attention.self.key", "attention.attn.k"),
        ("attention.self.value", "attention.attn.v"),
        ("attention.output.dense", "attention.attn.o"),
        ("attention.output.LayerNorm", "attention.LayerNorm"),
    ],
    token_types: false,
    relative_positions: true,
};

/// The row after that of padding, which is always row 1.
const FIRST_POSITION: usize = 2;

/// Classes of distances: half of them for tokens before, half for tokens after. transformers computes no other number.
const BUCKETS: usize = 32;

/// From this distance on, all are in one class.
const FAR: f32 = 128.0;

#[derive(Deserialize)]
struct MpNetConfig {
    #[serde(default = "buckets")]
    relative_attention_num_buckets: usize,
}

const fn buckets() -> usize {
    BUCKETS
}

/// The model of `config`.
pub(super) fn family(mut config: Value) -> Result<BertFamily, ConfigFault> {
    let MpNetConfig { relative_attention_num_buckets } = serde_json::from_value(config.clone())?;
    let field = "relative_attention_num_buckets";
    checks::only(field, &relative_attention_num_buckets, &BUCKETS, "only 32 is supported")?;
    config["type_vocab_size"] = 1.into();
    BertFamily::new("mpnet", serde_json::from_value(config)?, &NAMES, FIRST_POSITION)
}

/// What each class of distances adds to the scores of each head: name and shape.
pub(super) fn bias_tensor(heads: usize) -> (String, Vec<usize>) {
    ("encoder.relative_attention_bias.weight".to_owned(), vec![BUCKETS, heads])
}

/// The class of the distance from a query to a key: one each for short distances, logarithmic beyond.
fn bucket(query: usize, key: usize) -> usize {
    const HALF: usize = BUCKETS / 2;
    const EXACT: usize = HALF / 2;
    let distance = query.abs_diff(key);
    let side = if key > query { HALF } else { 0 };
    if distance < EXACT {
        return side + distance;
    }
    let exact = EXACT as f32;
    let beyond = (distance as f32 / exact).ln() / (FAR / exact).ln() * exact;
    side + (EXACT + beyond as usize).min(HALF - 1)
}

/// What distances add to the scores of each head, in the form of
/// [`CpuEncoder::with_distance_addends`](crate::model::CpuEncoder::with_distance_addends).
pub(super) fn distance_addends(bias: &StoredMatrix, positions: usize, hidden_size: usize) -> Vec<f32> {
    let rows: Vec<Vec<f32>> = (0..bias.rows()).map(|bucket| bias.row(bucket).collect()).collect();
    let heads = bias.columns();
    // The encoder divides the sum by this.
    let scale = ((hidden_size / heads) as f32).sqrt();
    let last = positions - 1;
    let of_head = |head: usize| {
        let rows = &rows;
        (0..=2 * last).map(move |key| rows[bucket(last, key)][head] * scale)
    };
    (0..heads).flat_map(of_head).collect()
}

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

    /// What distances add to scores: 1 x heads x length x length.
    fn position_bias(&self, length: usize, device: &Device) -> Result<Tensor, Error> {
        let pairs = (0..length).flat_map(|query| (0..length).map(move |key| bucket(query, key) as u32));
        let buckets = Tensor::from_vec(pairs.collect::<Vec<_>>(), length * length, device)?;
        let bias = self.bias.index_select(&buckets, 0)?;
        bias.reshape((length, length, ()))?.permute((2, 0, 1))?.unsqueeze(0)?.contiguous()
    }
}

impl Network for MpNet {
    fn forward(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor, Error> {
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

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn distances_have_the_classes_of_the_authors() {
        // `MPNetEncoder.relative_position_bucket` of transformers for these keys and query 200.
        let keys =
            [0, 72, 73, 136, 137, 168, 184, 191, 192, 199, 200, 201, 208, 209, 216, 232, 264, 327, 400];
        let expected = [15, 15, 15, 14, 13, 12, 10, 8, 8, 1, 0, 17, 24, 24, 26, 28, 30, 31, 31];
        assert_eq!(keys.map(|key| bucket(200, key)), expected);
    }
}
