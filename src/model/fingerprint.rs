//! The fingerprint, which identifies the vectors of documents.
//!
//! Two models with the same fingerprint compute the same vectors, so an index made with one can be searched with the
//! other: a float16 copy of weights and its float32 original have the same fingerprint. The query prefix is not part of
//! it, since it does not affect stored vectors.

use sha2::{Digest, Sha256};

use super::hex::hex;
use super::{BUNDLED_NAME, Casing, EmbeddingSettings, EncoderPrecision, ModelFiles};
use crate::embedding::Fingerprint;

/// The digest of the bundled model's weights; hashing them takes longer than a search.
const BUNDLED_WEIGHTS: &str = "4926c92f7aca54c84b8c44de5f41e35726285169df790d6c53a1a113de9d024d";

impl Fingerprint {
    /// The fingerprint of documents embedded by `files` with `settings`.
    #[must_use]
    pub fn of(files: &ModelFiles, settings: &EmbeddingSettings) -> Self {
        let weights = if files.name == BUNDLED_NAME { BUNDLED_WEIGHTS } else { files.weights.digest() };
        let mut facts = vec![
            weights.to_owned(),
            hex(&Sha256::digest(&files.tokenizer_json)),
            files.architecture.facts(),
            format!("pooling {}", settings.pooling),
            format!("longest {}", files.max_tokens),
            format!("document prefix {}", on_one_line(&settings.document_prefix)),
        ];
        // Facts are left out if they have the values of the oldest indexes, so that those keep their fingerprints.
        if files.casing == Casing::Lower && !lower_cases(&files.tokenizer_json) {
            facts.push("case lower".to_owned());
        }
        if settings.precision != EncoderPrecision::Float32 {
            facts.push(format!("precision {}", settings.precision));
        }
        facts.extend(settings.dimensions.map(|dimensions| format!("dimensions {dimensions}")));
        Self::from_hex(hex(&Sha256::digest(facts.join("\n"))))
    }
}

/// Whether a tokenizer lower-cases by itself. Lower-casing before the tokenizer then changes only texts with the name
/// of a special token or a final sigma. It does not count as another model, so indexes of such models keep their
/// fingerprints.
fn lower_cases(tokenizer_json: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct TokenizerFile {
        normalizer: Option<Normalizer>,
    }
    #[derive(serde::Deserialize)]
    struct Normalizer {
        r#type: String,
        #[serde(default)]
        lowercase: bool,
        #[serde(default)]
        normalizers: Vec<Normalizer>,
    }
    fn is_lowering(normalizer: &Normalizer) -> bool {
        let Normalizer { r#type, lowercase, normalizers } = normalizer;
        r#type == "Lowercase" || *lowercase || normalizers.iter().any(is_lowering)
    }
    let file: Option<TokenizerFile> = serde_json::from_slice(tokenizer_json).ok();
    file.and_then(|file| file.normalizer).is_some_and(|normalizer| is_lowering(&normalizer))
}

/// `text` in one line, so that no part of it can be read as another fact.
fn on_one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(all(test, feature = "bundled-model"))]
mod tests {
    use super::*;

    #[test]
    fn the_constant_of_the_bundled_weights_is_their_digest() {
        let files = ModelFiles::bundled().expect("the model is in this build");
        assert_eq!(files.weights.digest(), BUNDLED_WEIGHTS);
    }
}
