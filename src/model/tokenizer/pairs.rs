//! From pairs of texts to token ids.

use std::path::Path;

use rayon::prelude::*;
use tokenizers::EncodeInput;
use tokenizers::utils::truncation::{TruncationParams, TruncationStrategy};

use super::TokenizerSettings;
use super::post_processor::{TextKind, check_room};
use super::tokenize::{check_vocabulary, library_tokenizer, vocabulary_size};
use super::word_piece::WordPieceFile;
use crate::model::ModelError;

/// A query is cut if it would leave the text less than this fraction (1/n) of the tokens.
const LEAST_TEXT_SHARE: usize = 4;

/// A `tokenizer.json` for pairs of a query and a text, joined by the rules of the file. The text is truncated by the
/// strategy `only_second` of transformers, regardless of the truncation in the file.
#[derive(Debug)]
pub struct PairTokenizer {
    tokenizer: tokenizers::Tokenizer,
    settings: TokenizerSettings,
}

/// The token ids of a pair, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedPair {
    /// At most the tokenizer's longest length.
    pub ids: Vec<u32>,
    /// The position of the first token of type 1; the length if there is none.
    pub second: usize,
    /// Whether the text or the query was truncated.
    pub truncated: bool,
}

impl PairTokenizer {
    /// Parses `tokenizer.json`; errors name `path`.
    ///
    /// # Errors
    ///
    /// [`ModelError::TokenizerFile`] or [`ModelError::VocabularySize`].
    pub fn from_json(json: &[u8], path: &Path, settings: TokenizerSettings) -> Result<Self, ModelError> {
        let made = match WordPieceFile::from_json(json) {
            Some(file) => file.tokenizer(),
            None => library_tokenizer(json),
        };
        let tokenizer = made.and_then(|tokenizer| configured(tokenizer, settings.max_tokens));
        let tokenizer =
            tokenizer.map_err(|source| ModelError::TokenizerFile { path: path.to_owned(), source })?;
        check_vocabulary(vocabulary_size(&tokenizer), settings.embeddings, path)?;
        Ok(Self { tokenizer, settings })
    }

    /// The token ids of `query` with each of `texts`, in order, computed on all threads.
    ///
    /// # Errors
    ///
    /// [`ModelError::Tokenize`] if the tokenizer fails.
    pub fn tokenize_all<S: AsRef<str> + Sync>(
        &self,
        query: &str,
        texts: &[S],
    ) -> Result<Vec<TokenizedPair>, ModelError> {
        let failed = |source| ModelError::Tokenize { source };
        let query = self.settings.casing.apply(query);
        let kept = self.beginning(&query).map_err(failed)?;
        let is_cut = kept.len() < query.len();
        let tokenize = |text: &S| {
            let text = self.settings.casing.apply(text.as_ref());
            let input: EncodeInput<'_> = match text.as_ref() {
                // Without a text, transformers encodes the query as a single text.
                "" => kept.into(),
                text => (kept, text).into(),
            };
            let encoding = self.tokenizer.encode_fast(input, true).map_err(failed)?;
            let second = encoding.get_type_ids().iter().position(|&kind| kind != 0);
            Ok(TokenizedPair {
                second: second.unwrap_or(encoding.len()),
                truncated: is_cut || !encoding.get_overflowing().is_empty(),
                ids: encoding.get_ids().to_vec(),
            })
        };
        texts.par_iter().map(tokenize).collect()
    }

    /// The beginning of `query` that leaves room for a text.
    fn beginning<'a>(&self, query: &'a str) -> tokenizers::Result<&'a str> {
        let longest = self.settings.max_tokens - self.settings.max_tokens / LEAST_TEXT_SHARE;
        let special = self.tokenizer.encode_fast(("", ""), true)?.len();
        // Tokenized as the second of a pair, since only the second may be too long.
        let encoding = self.tokenizer.encode(("", query), false)?;
        let end = encoding.get_offsets().get(longest.saturating_sub(special)).map(|&(start, _)| start);
        Ok(end.and_then(|end| query.get(..end)).unwrap_or(query))
    }
}

/// Without padding; the text of a pair is cut at `max_tokens`.
fn configured(
    mut tokenizer: tokenizers::Tokenizer,
    max_tokens: usize,
) -> tokenizers::Result<tokenizers::Tokenizer> {
    for kind in [TextKind::Single, TextKind::Pair] {
        check_room(&tokenizer, max_tokens, kind)?;
    }
    tokenizer.with_padding(None);
    let truncation = TruncationParams {
        max_length: max_tokens,
        strategy: TruncationStrategy::OnlySecond,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation))?;
    Ok(tokenizer)
}
