//! From pooled hidden states to a score. Each layout is after `modeling_*.py` of transformers.

use std::path::Path;

use super::config::HeadConfig;
use crate::model::{Architecture, ExpectedTensors, ModelError, Pooling, Weights};
use crate::simd::{Activation, InstructionSet, LayerNorm, Linear, Matrix, Store, StoredMatrix, Threads};

/// The head of an architecture: the names of its tensors, and the functions between them.
#[derive(Debug, Clone)]
pub(super) struct HeadLayout {
    pub(super) pooling: Pooling,
    hidden_size: usize,
    dense: &'static str,
    dense_bias: Bias,
    function: HeadFunction,
    /// The epsilon of a normalization after the function, if there is one.
    norm_epsilon: Option<f32>,
    classifier: &'static str,
}

/// Whether a product has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bias {
    Stored,
    Zero,
}

/// The function after the first product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeadFunction {
    Tanh,
    Activation(Activation),
}

/// The weights and bias of `ModernBERT`'s normalization.
const NORM: &str = "head.norm.weight";

impl HeadLayout {
    /// The head of a sequence-classification model of `architecture`.
    pub(super) fn of(
        architecture: &Architecture,
        config: &HeadConfig,
        path: &Path,
    ) -> Result<Self, ModelError> {
        let layout = |dense, function, classifier| Self {
            pooling: Pooling::Cls,
            hidden_size: architecture.hidden_size(),
            dense,
            dense_bias: Bias::Stored,
            function,
            norm_epsilon: None,
            classifier,
        };
        let relu = HeadFunction::Activation(Activation::Relu);
        Ok(match architecture.name() {
            "bert" => layout("bert.pooler.dense", HeadFunction::Tanh, "classifier"),
            "distilbert" => layout("pre_classifier", relu, "classifier"),
            "modernbert" => Self {
                pooling: config.pooling(path)?,
                dense_bias: if config.has_dense_bias() { Bias::Stored } else { Bias::Zero },
                norm_epsilon: Some(config.epsilon()),
                ..layout("head.dense", HeadFunction::Activation(config.activation(path)?), "classifier")
            },
            "roberta" | "xlm-roberta" | "camembert" => {
                layout("classifier.dense", HeadFunction::Tanh, "classifier.out_proj")
            }
            name => {
                return Err(ModelError::UnsupportedCrossEncoder {
                    path: path.to_owned(),
                    architecture: name,
                });
            }
        })
    }

    /// Maps and checks the tensors of the head in the weights file at `path`.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoClassifier`] if the file has no head, [`ModelError::Labels`] if the head has several outputs,
    /// and the errors of [`Weights::open`].
    pub(super) fn open(&self, path: &Path) -> Result<Weights, ModelError> {
        let expected = ExpectedTensors { tensors: self.tensors(), nested_prefix: "" };
        Weights::open(path, expected).map_err(|error| match error {
            ModelError::MissingTensor { path, tensor } => {
                ModelError::NoClassifier { model: path.display().to_string(), tensor }
            }
            ModelError::TensorShape { path, tensor, found, .. }
                if tensor.starts_with(self.classifier) && found.first() != Some(&1) =>
            {
                ModelError::Labels { path, labels: found.first().copied().unwrap_or(0) }
            }
            error => error,
        })
    }

    /// The classifier first: its absence identifies an embedding model.
    fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let hidden = self.hidden_size;
        let mut tensors = vec![
            (format!("{}.weight", self.classifier), vec![1, hidden]),
            (format!("{}.bias", self.classifier), vec![1]),
            (format!("{}.weight", self.dense), vec![hidden, hidden]),
        ];
        if self.dense_bias == Bias::Stored {
            tensors.push((format!("{}.bias", self.dense), vec![hidden]));
        }
        if self.norm_epsilon.is_some() {
            tensors.push((NORM.to_owned(), vec![hidden]));
        }
        tensors
    }
}

/// Computes scores, in float32 for any precision of the encoder.
#[derive(Debug)]
pub(super) struct Head {
    dense: Linear,
    function: HeadFunction,
    norm: Option<LayerNorm>,
    classifier: Linear,
}

impl Head {
    /// The head of `layout`; `weights` are those that `layout` opened.
    pub(super) fn new(layout: &HeadLayout, weights: &Weights) -> Self {
        let set = InstructionSet::best();
        let tensor = |name: &str, kind: &str| weights.tensor(&format!("{name}.{kind}"));
        let zeros = || StoredMatrix::zeros(layout.hidden_size);
        let dense_bias = match layout.dense_bias {
            Bias::Stored => tensor(layout.dense, "bias"),
            Bias::Zero => zeros(),
        };
        let linear = |weight, bias| Linear::new(set, vec![(weight, bias)]).expect("the shapes were checked");
        let norm = |epsilon| {
            LayerNorm::new(set, &weights.tensor(NORM), &zeros(), epsilon).expect("the shapes were checked")
        };
        Self {
            dense: linear(tensor(layout.dense, "weight"), dense_bias),
            function: layout.function,
            norm: layout.norm_epsilon.map(norm),
            classifier: linear(tensor(layout.classifier, "weight"), tensor(layout.classifier, "bias")),
        }
    }

    /// The scores of pooled hidden states: pairs x hidden size.
    pub(super) fn scores(&self, pooled: &[f32]) -> Vec<f32> {
        let mut input = Matrix::with_columns(self.dense.inputs());
        input.reset_rows(pooled.len() / self.dense.inputs());
        for (row, values) in pooled.chunks_exact(self.dense.inputs()).enumerate() {
            input.row_mut(row).copy_from_slice(values);
        }
        let mut hidden = Matrix::with_columns(self.dense.outputs());
        let store = match self.function {
            HeadFunction::Tanh => Store::Replace,
            HeadFunction::Activation(activation) => Store::Activate(activation),
        };
        self.dense.apply(&input, &mut hidden, store, Threads::One);
        if self.function == HeadFunction::Tanh {
            hidden.values_mut().iter_mut().for_each(|value| *value = value.tanh());
        }
        if let Some(norm) = &self.norm {
            let stride = hidden.stride();
            norm.apply(hidden.values_mut(), stride);
        }
        let mut scores = Matrix::with_columns(1);
        self.classifier.apply(&hidden, &mut scores, Store::Replace, Threads::One);
        (0..scores.rows()).map(|row| scores.row(row)[0]).collect()
    }
}
