//! BERT's kind of tokenizer file, read without building the whole tokenizer.

use ahash::AHashMap;
use serde::Deserialize;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{AddedToken, NormalizedString, Normalizer, Tokenizer};

use super::vocabulary::{Substrings, Vocabulary};

/// A `tokenizer.json` with a WordPiece model and BERT's normalizer.
#[derive(Debug, Deserialize)]
pub(super) struct WordPieceFile {
    added_tokens: Vec<AddedTokenEntry>,
    normalizer: TypedNormalizer,
    pre_tokenizer: Option<PreTokenizerWrapper>,
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
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: Vocabulary,
}

impl WordPieceFile {
    /// The file, if it is of this kind: any other is for the tokenizer library to read.
    pub(super) fn from_json(json: &[u8]) -> Option<Self> {
        let file: Self = serde_json::from_slice(json).ok()?;
        let in_vocabulary = |added: &AddedTokenEntry| {
            file.model.vocab.iter().any(|entry| entry == (&added.token.content, added.id))
        };
        // The library would give an added token that is not in the vocabulary a new id.
        let plain = file.added_tokens.iter().all(|added| added.token.special && in_vocabulary(added));
        plain.then_some(file)
    }

    /// One more than the highest id.
    pub(super) fn vocabulary_size(&self) -> usize {
        self.model.vocab.size()
    }

    /// The tokenizer of all texts.
    pub(super) fn tokenizer(&self) -> tokenizers::Result<Tokenizer> {
        self.with_entries(|_| true)
    }

    /// A tokenizer that gives stretches of `text` the ids that [`WordPieceFile::tokenizer`] gives them.
    ///
    /// WordPiece asks its vocabulary for stretches of the normalized text only, with the prefix of continued words
    /// or without, so entries that are no such stretch cannot matter.
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
        tokenizer.with_pre_tokenizer(self.pre_tokenizer.clone());
        tokenizer.with_post_processor(self.post_processor.clone());
        let special: Vec<AddedToken> = self.added_tokens.iter().map(|added| added.token.clone()).collect();
        tokenizer.add_special_tokens(special)?;
        Ok(tokenizer)
    }
}
