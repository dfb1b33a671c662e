//! `tokenizer.json` files and texts.

use std::path::Path;

use embed::model::{Casing, PairTokenizer, Tokenizer, TokenizerSettings};

use super::bytes::Bytes;

/// The calls after which a tokenizer has all entries of the file.
const CALLS: usize = 8;

/// The longest length, casing, the length of a text; the text; the file.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let settings = TokenizerSettings {
        max_tokens: usize::from(bytes.byte()),
        embeddings: 1 << 16,
        casing: bytes.pick(&[Casing::AsWritten, Casing::Lower]),
    };
    let length = usize::from(bytes.byte() % 64);
    let text = String::from_utf8_lossy(bytes.slice(length));
    let path = Path::new("tokenizer.json");
    if let Ok(tokenizer) = Tokenizer::from_json(bytes.0, path, settings) {
        let first = tokenizer.tokenize(&text).ok();
        let unknown = tokenizer.is_mostly_unknown(&text);
        for _ in 0..CALLS {
            let again = tokenizer.tokenize(&text).ok();
            assert_eq!(again, first, "a tokenizer of few entries gives the same ids");
        }
        assert_eq!(tokenizer.is_mostly_unknown(&text), unknown);
        if let Some(first) = first {
            assert!(first.ids.len() <= settings.max_tokens, "{first:?}");
            assert!(first.ids.iter().all(|&id| (id as usize) < settings.embeddings), "{first:?}");
        }
    }
    if let Ok(tokenizer) = PairTokenizer::from_json(bytes.0, path, settings)
        && let Ok(pairs) = tokenizer.tokenize_all(&text, &["", "a text", &text])
    {
        for pair in pairs {
            assert!(pair.ids.len() <= settings.max_tokens && pair.second <= pair.ids.len(), "{pair:?}");
            assert!(pair.ids.iter().all(|&id| (id as usize) < settings.embeddings), "{pair:?}");
        }
    }
}
