//! Tokenizer files of BERT's kind, read without building the complete tokenizer.
//!
//! # A tokenizer of few entries gives the same ids
//!
//! A [`WordPieceFile`] has `BertNormalizer`, `BertPreTokenizer` and a `WordPiece` model; its added tokens are printable
//! ASCII without spaces, matched in the text as written, and entries of the vocabulary. For texts that are joined by
//! spaces in a text `t`, a tokenizer of the entries that [`WordPieceFile::tokenizer_of`] keeps for `t` gives the same
//! ids as the complete tokenizer:
//!
//! 1. All added tokens are kept with their ids, so both tokenizers cut a text into the same pieces.
//! 2. The normalized form of a piece is a substring of the normalized form of `t`. The normalizer maps one character at a
//!    time (control characters, white space, CJK, nonspacing marks, lower case), except for the canonical decomposition,
//!    which may reorder a run of combining marks. No run crosses the border of a piece: on one side of a border is a
//!    character of an added token, white space, or an end of the text, and none of these is a combining mark.
//! 3. The pre-tokenizer removes white space and cuts at punctuation, so words are substrings of the normalized piece.
//! 4. WordPiece looks up substrings of a word, with the prefix of continued words or without, and the unknown token. An
//!    entry that is neither a substring of the normalized `t`, with the prefix or without, nor special is never looked up.
//! 5. The post-processors of BERT add ids that are part of the file.
//!
//! The proof does not hold for a pre-tokenizer that adds characters to the text, as `ByteLevel` and `Metaspace` do: the
//! tokenizer library reads such files.

use ahash::AHashMap;
use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{AddedToken, NormalizedString, Normalizer, Tokenizer};

use super::post_processor::check_templates;
use super::vocabulary::{Substrings, Vocabulary};

/// A `tokenizer.json` of the kind that the [module](self) describes.
#[derive(Debug, Deserialize)]
pub(super) struct WordPieceFile {
    version: Option<String>,
    added_tokens: Vec<AddedTokenEntry>,
    normalizer: TypedNormalizer,
    pre_tokenizer: PreTokenizerWrapper,
    post_processor: Option<PostProcessorWrapper>,
    model: Model,
}

#[derive(Debug, Deserialize)]
struct AddedTokenEntry {
    id: u32,
    #[serde(flatten)]
    token: AddedToken,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum TypedNormalizer {
    BertNormalizer(BertNormalizer),
}

#[derive(Debug, Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: String,
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: Vocabulary,
}

impl WordPieceFile {
    /// The file, if it is of this kind; the tokenizer library reads all others.
    pub(super) fn from_json(json: &[u8]) -> Option<Self> {
        let file: Self = serde_json::from_slice(json).ok()?;
        file.is_proven().then_some(file)
    }

    /// Whether the file meets the conditions of the [proof](self).
    fn is_proven(&self) -> bool {
        let in_vocabulary = |added: &AddedTokenEntry| {
            self.model.vocab.iter().any(|entry| entry == (&added.token.content, added.id))
        };
        let is_plain = |added: &AddedTokenEntry| {
            added.token.special
                && !added.token.normalized
                && added.token.content.bytes().all(|byte| byte.is_ascii_graphic())
        };
        self.version.as_deref().is_none_or(|version| version == "1.0")
            && self.model.kind == "WordPiece"
            && matches!(self.pre_tokenizer, PreTokenizerWrapper::BertPreTokenizer(_))
            && matches!(
                self.post_processor,
                None | Some(PostProcessorWrapper::Bert(_) | PostProcessorWrapper::Template(_))
            )
            && self.post_processor.as_ref().is_none_or(|processor| check_templates(processor).is_ok())
            // The library would give an added token that is not in the vocabulary a new id.
            && self.added_tokens.iter().all(|added| is_plain(added) && in_vocabulary(added))
    }

    /// One more than the highest id.
    pub(super) fn vocabulary_size(&self) -> usize {
        self.model.vocab.size()
    }

    /// The id of the token that stands for every word outside the vocabulary.
    pub(super) fn unknown_id(&self) -> Option<u32> {
        let mut entries = self.model.vocab.iter();
        entries.find(|(token, _)| *token == self.model.unk_token).map(|(_, id)| id)
    }

    /// The tokenizer of all texts.
    pub(super) fn tokenizer(&self) -> tokenizers::Result<Tokenizer> {
        self.with_entries(|_| true)
    }

    /// A tokenizer of the entries that can occur in `text`. It gives `text`, and texts that are joined by spaces in `text`,
    /// the ids of [`WordPieceFile::tokenizer`]; the [module](self) has the proof.
    pub(super) fn tokenizer_of(&self, text: &str) -> tokenizers::Result<Tokenizer> {
        let TypedNormalizer::BertNormalizer(normalizer) = &self.normalizer;
        let mut plain = NormalizedString::from(text);
        normalizer.normalize(&mut plain)?;
        let substrings = Substrings::of(plain.get());
        let prefix = self.model.continuing_subword_prefix.as_str();
        self.with_entries(|token| {
            substrings.contains(token)
                || token.strip_prefix(prefix).is_some_and(|continued| substrings.contains(continued))
        })
    }

    fn with_entries(&self, keep: impl Fn(&str) -> bool) -> tokenizers::Result<Tokenizer> {
        let special = |token: &str| {
            token == self.model.unk_token
                || self.added_tokens.iter().any(|added| added.token.content == token)
        };
        let entries = self.model.vocab.iter().filter(|(token, _)| keep(token) || special(token));
        let vocabulary: AHashMap<String, u32> = entries.map(|(token, id)| (token.to_owned(), id)).collect();
        let model = WordPiece::builder()
            .vocab(vocabulary)
            .unk_token(self.model.unk_token.clone())
            .continuing_subword_prefix(self.model.continuing_subword_prefix.clone())
            .max_input_chars_per_word(self.model.max_input_chars_per_word)
            .build()?;
        let TypedNormalizer::BertNormalizer(normalizer) = &self.normalizer;
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_normalizer(Some(*normalizer))?;
        tokenizer.with_pre_tokenizer(Some(self.pre_tokenizer.clone()));
        tokenizer.with_post_processor(self.post_processor.clone());
        let special: Vec<AddedToken> = self.added_tokens.iter().map(|added| added.token.clone()).collect();
        tokenizer.add_special_tokens(special)?;
        Ok(tokenizer)
    }
}
