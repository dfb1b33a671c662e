//! What identifies the vectors that a model gives to documents.
//!
//! Two models with the same fingerprint give the same vectors, so an index made with one can be searched with the
//! other: the float16 copy inside the binary and the float32 original have the same. The query prefix is not part of
//! it, since it changes no stored vector.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{Architecture, BUNDLED_NAME, EmbeddingSettings, EncoderPrecision, ModelFiles, Weights};
use crate::embedding::Fingerprint;

/// SHA-256 of the bundled model's weights as [`weights_digest`] computes it; hashing takes longer than a search.
const BUNDLED_WEIGHTS: &str = "4926c92f7aca54c84b8c44de5f41e35726285169df790d6c53a1a113de9d024d";

impl Fingerprint {
    /// The fingerprint of documents embedded by `files` under `settings`.
    #[must_use]
    pub fn of(files: &ModelFiles, settings: &EmbeddingSettings) -> Self {
        let weights = if files.name == BUNDLED_NAME {
            BUNDLED_WEIGHTS.to_owned()
        } else {
            weights_digest(&files.architecture, &files.weights)
        };
        let mut facts = vec![
            weights,
            hex(&Sha256::digest(&files.tokenizer_json)),
            files.architecture.facts(),
            format!("pooling {}", settings.pooling),
            format!("longest {}", files.max_tokens),
            format!("document prefix {}", on_one_line(&settings.document_prefix)),
        ];
        // Said only where they are not as in the oldest indexes, so that those keep their fingerprints.
        if settings.precision != EncoderPrecision::Float32 {
            facts.push(format!("precision {}", settings.precision));
        }
        facts.extend(settings.dimensions.map(|dimensions| format!("dimensions {dimensions}")));
        Self::from_hex(hex(&Sha256::digest(facts.join("\n"))))
    }
}

/// `text` such that no line of it can be taken for another fact.
fn on_one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

/// SHA-256 over the digests of every tensor that the encoder uses, in order; a tensor's is over its name, its shape and
/// its numbers as float32, little-endian.
fn weights_digest(architecture: &Architecture, weights: &Weights) -> String {
    let digest = |(name, shape): (String, Vec<usize>)| {
        let mut hasher = Sha256::new_with_prefix(format!("{name} {shape:?}\n"));
        let tensor = weights.tensor(&name);
        let mut row_bytes = Vec::with_capacity(tensor.columns() * size_of::<f32>());
        for row in 0..tensor.rows() {
            row_bytes.clear();
            row_bytes.extend(tensor.row(row).flat_map(f32::to_le_bytes));
            hasher.update(&row_bytes);
        }
        hasher.finalize()
    };
    let digests: Vec<_> = architecture.tensors().into_par_iter().map(digest).collect();
    hex(&Sha256::digest(digests.concat()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}

#[cfg(all(test, feature = "bundled-model"))]
mod tests {
    use super::*;

    #[test]
    fn the_constant_of_the_bundled_weights_is_their_digest() {
        let files = ModelFiles::bundled().expect("the model is in this build");
        assert_eq!(weights_digest(&files.architecture, &files.weights), BUNDLED_WEIGHTS);
    }
}
