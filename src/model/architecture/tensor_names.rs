//! How the members of the BERT family name their tensors.

/// The names of tensors that differ from those of BERT, and the tensors that a member has.
#[derive(Debug, PartialEq)]
pub(super) struct TensorNames {
    /// The prefix of all names in checkpoints that store the encoder with a head.
    pub nested_prefix: &'static str,
    /// The name of `encoder.layer`.
    pub layers: &'static str,
    /// Names of the parts of a layer; other parts keep the names of BERT.
    pub parts: &'static [(&'static str, &'static str)],
    /// Whether the member has a token-type embedding.
    pub token_types: bool,
    /// Whether attention also depends on the distance between tokens.
    pub relative_positions: bool,
}

impl TensorNames {
    /// The name in the weights file of the tensor that BERT calls `name`.
    pub(super) fn stored(&self, name: &str) -> String {
        let layer_and_part = name.strip_prefix("encoder.layer.").and_then(|rest| rest.split_once('.'));
        let Some((layer, parameter)) = layer_and_part else { return name.to_owned() };
        let (part, kind) = parameter.rsplit_once('.').expect("a parameter is a weight or a bias");
        let part = self.parts.iter().find(|(bert, _)| *bert == part).map_or(part, |(_, own)| *own);
        format!("{}.{layer}.{part}.{kind}", self.layers)
    }
}
