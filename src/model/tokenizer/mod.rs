//! From text to token ids, cut at the model's longest length.

mod vocabulary;
mod word_piece;

use std::path::Path;
use std::sync::OnceLock;

use rayon::prelude::*;
use tokenizers::utils::truncation::TruncationParams;

use super::ModelError;
use crate::corpus::TokenCounter;
use word_piece::WordPieceFile;

/// Up to this many bytes of text, a tokenizer made for just that text is ready sooner than one for all texts.
const FEW_BYTES: usize = 2048;

/// A `tokenizer.json`, with padding off and truncation at the model's own length whatever the file says.
///
/// Making a WordPiece tokenizer of 30,000 entries takes 10 ms or more, half a cold search. So it is made when many texts
/// come; a query gets a tokenizer of only those entries that can occur in it, with the same ids.
#[derive(Debug)]
pub struct Tokenizer {
    file: TokenizerFile,
    max_tokens: usize,
}

#[derive(Debug)]
enum TokenizerFile {
    WordPiece(Box<WordPieceFile>, OnceLock<Box<tokenizers::Tokenizer>>),
    Other(Box<tokenizers::Tokenizer>),
}

/// The token ids of one text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedText {
    /// At least one id, at most the tokenizer's longest length.
    pub ids: Vec<u32>,
    /// Whether the end of the text was left out.
    pub truncated: bool,
}

impl Tokenizer {
    /// Parses `tokenizer.json`; `path` is named in errors. Texts are cut to `max_tokens`, and every id must be below
    /// `embeddings`, the number of rows of the model's word embedding.
    ///
    /// # Errors
    ///
    /// [`ModelError::TokenizerFile`] or [`ModelError::VocabularySize`].
    pub fn from_json(
        json: &[u8],
        path: &Path,
        max_tokens: usize,
        embeddings: usize,
    ) -> Result<Self, ModelError> {
        let invalid = |source| ModelError::TokenizerFile { path: path.to_owned(), source };
        let (file, tokens) = if let Some(file) = WordPieceFile::from_json(json) {
            let tokens = file.vocabulary_size();
            // Whatever the library refuses is found now, not at the first text.
            configured(file.tokenizer_of(""), max_tokens).map_err(invalid)?;
            (TokenizerFile::WordPiece(Box::new(file), OnceLock::new()), tokens)
        } else {
            let tokenizer =
                configured(tokenizers::Tokenizer::from_bytes(json), max_tokens).map_err(invalid)?;
            let tokens = tokenizer.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
            (TokenizerFile::Other(Box::new(tokenizer)), tokens)
        };
        if tokens > embeddings {
            return Err(ModelError::VocabularySize { path: path.to_owned(), tokens, embeddings });
        }
        Ok(Self { file, max_tokens })
    }

    /// Makes the tokenizer for all texts now: the choice where many calls of few texts follow.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::tokenize_all`].
    pub fn prepare(&self) -> Result<(), ModelError> {
        if let TokenizerFile::WordPiece(file, whole) = &self.file {
            whole_tokenizer(file, whole, self.max_tokens)
                .map_err(|source| ModelError::Tokenize { source })?;
        }
        Ok(())
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
    /// [`ModelError::Tokenize`] where the tokenizer's own rules fail (a WordPiece tokenizer's do not).
    pub fn tokenize_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<TokenizedText>, ModelError> {
        let failed = |source| ModelError::Tokenize { source };
        let (file, whole) = match &self.file {
            TokenizerFile::Other(tokenizer) => return tokenize_with(tokenizer, texts),
            TokenizerFile::WordPiece(file, whole) => (file, whole),
        };
        let bytes: usize = texts.iter().map(|text| text.as_ref().len()).sum();
        if bytes <= FEW_BYTES && whole.get().is_none() {
            let together = texts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
            let tokenizer = configured(file.tokenizer_of(&together), self.max_tokens).map_err(failed)?;
            return tokenize_with(&tokenizer, texts);
        }
        tokenize_with(whole_tokenizer(file, whole, self.max_tokens).map_err(failed)?, texts)
    }

    fn try_count(&self, text: &str) -> tokenizers::Result<usize> {
        let tokenizer = match &self.file {
            TokenizerFile::Other(tokenizer) => tokenizer,
            TokenizerFile::WordPiece(file, whole) => whole_tokenizer(file, whole, self.max_tokens)?,
        };
        Ok(tokenizer.encode_fast(text, false)?.len())
    }
}

/// Counts tokens, without special ones, up to the longest length of the model.
impl TokenCounter for Tokenizer {
    fn count(&self, text: &str) -> usize {
        // A text that its tokenizer refuses is an error once it is embedded; until then any size will do.
        self.try_count(text).unwrap_or(text.len())
    }
}

/// The tokenizer for all texts, made when it is asked for first.
fn whole_tokenizer<'a>(
    file: &WordPieceFile,
    whole: &'a OnceLock<Box<tokenizers::Tokenizer>>,
    max_tokens: usize,
) -> tokenizers::Result<&'a tokenizers::Tokenizer> {
    if whole.get().is_none() {
        // Another thread may have been faster, with the same tokenizer.
        let _ = whole.set(Box::new(configured(file.tokenizer(), max_tokens)?));
    }
    Ok(whole.get().expect("it was just set"))
}

/// Without padding, and truncated at `max_tokens`.
fn configured(
    tokenizer: tokenizers::Result<tokenizers::Tokenizer>,
    max_tokens: usize,
) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut tokenizer = tokenizer?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation))?;
    Ok(tokenizer)
}

fn tokenize_with<S: AsRef<str> + Sync>(
    tokenizer: &tokenizers::Tokenizer,
    texts: &[S],
) -> Result<Vec<TokenizedText>, ModelError> {
    let tokenize = |text: &S| {
        let encoding =
            tokenizer.encode_fast(text.as_ref(), true).map_err(|source| ModelError::Tokenize { source })?;
        let truncated = !encoding.get_overflowing().is_empty();
        Ok(TokenizedText { ids: encoding.get_ids().to_vec(), truncated })
    };
    texts.par_iter().map(tokenize).collect()
}
