//! The tokenizer of a model: complete, or with only the entries for a few texts.

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use tokenizers::utils::truncation::TruncationParams;

use super::Casing;
use super::post_processor::{TextKind, check_room, check_templates};
use super::word_piece::WordPieceFile;
use crate::corpus::TokenCounter;
use crate::embedding::{Token, TokenizedText, can_be_mostly_unknown};
use crate::model::ModelError;

/// Up to this many bytes of text, a tokenizer with only the entries that can occur in it is built faster than the
/// complete one.
const FEW_BYTES: usize = 2048;

/// After this many calls with few bytes, the complete tokenizer is built: that takes as long as this many small ones.
const FEW_CALLS: usize = 6;

/// A `tokenizer.json`, with padding off and truncation at the model's limit regardless of the file.
///
/// Building a WordPiece tokenizer of 30,000 entries takes 10 ms or more, half a cold search. So it is built only for
/// many texts or after several calls. A first query gets a tokenizer with only the entries that can occur in it. It
/// gives the same ids for the kind of tokenizer in `word_piece.rs`, which has the proof; any other tokenizer is built
/// completely.
#[derive(Debug)]
pub struct Tokenizer {
    file: TokenizerFile,
    settings: TokenizerSettings,
    /// The id of the unknown token; `None` for a tokenizer that has a token for everything.
    unknown_id: Option<u32>,
    /// The number of calls with a tokenizer of few entries.
    few_calls: AtomicUsize,
    untruncated: OnceLock<Box<tokenizers::Tokenizer>>,
}

/// The model's settings for its tokenizer, in addition to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenizerSettings {
    /// The number of tokens at which texts are truncated, special tokens included.
    pub max_tokens: usize,
    /// The rows of the model's word embedding: every id must be below.
    pub embeddings: usize,
    /// The case of texts.
    pub casing: Casing,
}

#[derive(Debug)]
enum TokenizerFile {
    WordPiece(Box<WordPieceFile>, OnceLock<Box<tokenizers::Tokenizer>>),
    Other(Box<tokenizers::Tokenizer>),
}

impl Tokenizer {
    /// Parses `tokenizer.json`; errors name `path`.
    ///
    /// # Errors
    ///
    /// [`ModelError::TokenizerFile`] or [`ModelError::VocabularySize`].
    pub fn from_json(json: &[u8], path: &Path, settings: TokenizerSettings) -> Result<Self, ModelError> {
        let invalid = |source| ModelError::TokenizerFile { path: path.to_owned(), source };
        let TokenizerSettings { max_tokens, embeddings, .. } = settings;
        let (file, tokens, unknown_id) = if let Some(file) = WordPieceFile::from_json(json) {
            let tokens = file.vocabulary_size();
            // Reports errors of the library now instead of at the first text.
            configured(file.tokenizer_of(""), max_tokens).map_err(invalid)?;
            let unknown_id = file.unknown_id();
            (TokenizerFile::WordPiece(Box::new(file), OnceLock::new()), tokens, unknown_id)
        } else {
            let tokenizer = configured(library_tokenizer(json), max_tokens).map_err(invalid)?;
            let tokens = vocabulary_size(&tokenizer);
            // The library does not expose the unknown token; these are its usual names.
            let unknown_id = ["[UNK]", "<unk>"].into_iter().find_map(|token| tokenizer.token_to_id(token));
            (TokenizerFile::Other(Box::new(tokenizer)), tokens, unknown_id)
        };
        check_vocabulary(tokens, embeddings, path)?;
        Ok(Self { file, settings, unknown_id, few_calls: AtomicUsize::new(0), untruncated: OnceLock::new() })
    }

    /// The token ids of `text`.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::tokenize_all`].
    pub fn tokenize(&self, text: &str) -> Result<TokenizedText, ModelError> {
        let tokenized = self.tokenize_all(&[text])?;
        Ok(tokenized.into_iter().next().expect("one text has one list of ids"))
    }

    /// The token ids of every text, in order, computed on all threads.
    ///
    /// # Errors
    ///
    /// [`ModelError::Tokenize`] if the tokenizer fails (a WordPiece tokenizer does not).
    pub fn tokenize_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<TokenizedText>, ModelError> {
        let texts: Vec<Cow<'_, str>> = texts.iter().map(|text| self.cased(text.as_ref())).collect();
        self.with_tokenizer_of(&texts, |tokenizer| tokenize_with(tokenizer, &texts))
    }

    /// The number of entries of the vocabulary that the model has vectors for.
    #[must_use]
    pub const fn vocabulary_size(&self) -> usize {
        self.settings.embeddings
    }

    /// All tokens of `text`, also those beyond the longest length.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::tokenize_all`].
    pub fn tokens(&self, text: &str) -> Result<Vec<Token>, ModelError> {
        let failed = |source| ModelError::Tokenize { source };
        let tokenizer = self.untruncated().map_err(failed)?;
        let encoding = tokenizer.encode_char_offsets(self.cased(text).as_ref(), true).map_err(failed)?;
        let (ids, texts) = (encoding.get_ids(), encoding.get_tokens());
        let (places, special) = (encoding.get_offsets(), encoding.get_special_tokens_mask());
        let token = |number: usize| Token {
            id: ids[number],
            text: texts[number].clone(),
            is_special: special[number] == 1,
            characters: places[number].0..places[number].1,
        };
        Ok((0..ids.len()).map(token).collect())
    }

    /// `ids` between the special tokens that surround every text, unless they are there already.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::tokenize_all`].
    pub fn with_special_tokens(&self, ids: &[u32]) -> Result<Vec<u32>, ModelError> {
        let tokens = self.tokens("a")?;
        let is_special = |token: &Token| token.is_special;
        let start = tokens.iter().take_while(|token| is_special(token)).count();
        let end = tokens.iter().rposition(|token| !token.is_special).map_or(tokens.len(), |last| last + 1);
        let id = |token: &Token| token.id;
        let (before, after): (Vec<u32>, Vec<u32>) =
            (tokens[..start].iter().map(id).collect(), tokens[end..].iter().map(id).collect());
        if ids.len() >= before.len() + after.len() && ids.starts_with(&before) && ids.ends_with(&after) {
            return Ok(ids.to_vec());
        }
        Ok([&before, ids, &after].concat())
    }

    /// Whether more than half of the tokens of `text`, up to the longest length, are the unknown one.
    #[must_use]
    pub fn is_mostly_unknown(&self, text: &str) -> bool {
        let Some(unknown) = self.unknown_id.filter(|_| can_be_mostly_unknown(text)) else { return false };
        let text = self.cased(text);
        let encoded = self.with_tokenizer_of(std::slice::from_ref(&text), |tokenizer| {
            tokenizer.encode_fast(text.as_ref(), false).map_err(|source| ModelError::Tokenize { source })
        });
        // A text that the tokenizer refuses is an error when it is embedded.
        encoded.is_ok_and(|encoded| {
            let ids = encoded.get_ids();
            2 * ids.iter().filter(|&&id| id == unknown).count() > ids.len()
        })
    }

    /// Passes a tokenizer for `texts` to `tokenize`: the complete one, or one of few entries if that is built faster.
    fn with_tokenizer_of<T>(
        &self,
        texts: &[Cow<'_, str>],
        tokenize: impl FnOnce(&tokenizers::Tokenizer) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let failed = |source| ModelError::Tokenize { source };
        let (file, whole) = match &self.file {
            TokenizerFile::Other(tokenizer) => return tokenize(tokenizer),
            TokenizerFile::WordPiece(file, whole) => (file, whole),
        };
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        if bytes <= FEW_BYTES
            && whole.get().is_none()
            && self.few_calls.fetch_add(1, Ordering::Relaxed) < FEW_CALLS
        {
            let together = texts.join(" ");
            let tokenizer =
                configured(file.tokenizer_of(&together), self.settings.max_tokens).map_err(failed)?;
            return tokenize(&tokenizer);
        }
        tokenize(whole_tokenizer(file, whole, self.settings.max_tokens).map_err(failed)?)
    }

    fn cased<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.settings.casing.apply(text)
    }

    fn try_count(&self, text: &str) -> tokenizers::Result<usize> {
        Ok(self.whole()?.encode_fast(self.cased(text).as_ref(), false)?.len())
    }

    /// The complete tokenizer without a longest length.
    fn untruncated(&self) -> tokenizers::Result<&tokenizers::Tokenizer> {
        if self.untruncated.get().is_none() {
            let mut tokenizer = self.whole()?.clone();
            tokenizer.with_truncation(None)?;
            // Another thread may have set the same tokenizer first.
            let _ = self.untruncated.set(Box::new(tokenizer));
        }
        Ok(self.untruncated.get().expect("it was just set"))
    }

    /// The complete tokenizer.
    fn whole(&self) -> tokenizers::Result<&tokenizers::Tokenizer> {
        match &self.file {
            TokenizerFile::Other(tokenizer) => Ok(tokenizer),
            TokenizerFile::WordPiece(file, whole) => whole_tokenizer(file, whole, self.settings.max_tokens),
        }
    }
}

/// Counts tokens, without special ones, up to the longest length of the model.
impl TokenCounter for Tokenizer {
    fn count(&self, text: &str) -> usize {
        // A text that the tokenizer refuses is an error when it is embedded; until then any size is acceptable.
        self.try_count(text).unwrap_or(text.len())
    }
}

/// A tokenizer of any kind. The library panics on a file that is not JSON within its decoder.
pub(super) fn library_tokenizer(json: &[u8]) -> tokenizers::Result<tokenizers::Tokenizer> {
    #[derive(serde::Deserialize)]
    struct File {
        #[serde(default, rename = "decoder")]
        _decoder: serde_json::Value,
    }
    let _is_json: File = serde_json::from_slice(json)?;
    let tokenizer = tokenizers::Tokenizer::from_bytes(json)?;
    tokenizer.get_post_processor().map_or(Ok(()), check_templates)?;
    Ok(tokenizer)
}

/// One more than the highest id.
pub(super) fn vocabulary_size(tokenizer: &tokenizers::Tokenizer) -> usize {
    tokenizer.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1)
}

/// Refuses a tokenizer of `tokens` tokens for a model of fewer `embeddings`.
pub(super) fn check_vocabulary(tokens: usize, embeddings: usize, path: &Path) -> Result<(), ModelError> {
    if tokens > embeddings {
        return Err(ModelError::VocabularySize { path: path.to_owned(), tokens, embeddings });
    }
    Ok(())
}

/// The complete tokenizer, built at its first use.
fn whole_tokenizer<'a>(
    file: &WordPieceFile,
    whole: &'a OnceLock<Box<tokenizers::Tokenizer>>,
    max_tokens: usize,
) -> tokenizers::Result<&'a tokenizers::Tokenizer> {
    if whole.get().is_none() {
        // Another thread may have set the same tokenizer first.
        let _ = whole.set(Box::new(configured(file.tokenizer(), max_tokens)?));
    }
    Ok(whole.get().expect("it was just set"))
}

/// The tokenizer without padding, and with truncation at `max_tokens`.
fn configured(
    tokenizer: tokenizers::Result<tokenizers::Tokenizer>,
    max_tokens: usize,
) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut tokenizer = tokenizer?;
    check_room(&tokenizer, max_tokens, TextKind::Single)?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation))?;
    Ok(tokenizer)
}

fn tokenize_with(
    tokenizer: &tokenizers::Tokenizer,
    texts: &[Cow<'_, str>],
) -> Result<Vec<TokenizedText>, ModelError> {
    let tokenize = |text: &Cow<'_, str>| {
        let encoding =
            tokenizer.encode_fast(text.as_ref(), true).map_err(|source| ModelError::Tokenize { source })?;
        let truncated = !encoding.get_overflowing().is_empty();
        Ok(TokenizedText { ids: encoding.get_ids().to_vec(), truncated })
    };
    texts.par_iter().map(tokenize).collect()
}
