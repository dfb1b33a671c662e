//! The embedder that passes texts to the lanes of a model, and the host that sets it up.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use rayon::ThreadPool;

use super::lane::{Lane, Priority, pool};
use super::{PIECE_TOKENS, SHORT_BYTES, SHORT_TOKENS};
use crate::engine::{
    Batch, DigestCache, EmbedError, Embedded, Embedder, EmbedderRequest, Host, IndexPlace, Input,
    ModelDescription, Role, Token, TokenEmbedder, TokenizedText, UnitVectors,
};
use crate::hub::{self, Hub};

/// The surroundings of an engine that answers many requests at a time: those of another host, with lanes for each local
/// model.
pub struct LaneHost {
    host: Arc<dyn Host>,
}

impl LaneHost {
    /// The surroundings of `host`, with lanes.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self { host }
    }
}

impl Host for LaneHost {
    fn working_directory(&self) -> &Path {
        self.host.working_directory()
    }

    fn hub(&self) -> Result<Hub, Box<dyn Error + Send + Sync>> {
        self.host.hub()
    }

    fn provides(&self, name: &str) -> bool {
        self.host.provides(name)
    }

    fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        self.host.embedder(request)
    }

    fn place(&self, name: &Path) -> Option<Arc<dyn IndexPlace>> {
        self.host.place(name)
    }

    fn adopt(&self, embedder: Arc<dyn Embedder>) -> Arc<dyn Embedder> {
        let embedder = self.host.adopt(embedder);
        if embedder.token_embedder().is_none() {
            return embedder;
        }
        let lane = |priority| Lane::start(Arc::clone(&embedder), priority);
        match (lane(Priority::Usual), lane(Priority::Low), pool(Priority::Low)) {
            (Ok(short), Ok(long), Ok(tokenizers)) => {
                Arc::new(LaneEmbedder { inner: embedder, short, long, tokenizers })
            }
            // Without threads for lanes, requests encode on the threads of the process.
            _ => embedder,
        }
    }

    fn download_progress(&self) -> Box<dyn hub::Progress> {
        self.host.download_progress()
    }

    fn digest_cache(&self) -> Option<DigestCache> {
        self.host.digest_cache()
    }
}

/// A model behind its lanes.
#[derive(Debug)]
struct LaneEmbedder {
    inner: Arc<dyn Embedder>,
    short: Lane,
    long: Lane,
    /// Tokenize long texts, so that a batch of them delays no query.
    tokenizers: ThreadPool,
}

impl LaneEmbedder {
    fn tokenizer(&self) -> &dyn TokenEmbedder {
        self.inner.token_embedder().expect("only a model that tokenizes has lanes")
    }
}

impl Embedder for LaneEmbedder {
    fn description(&self) -> &ModelDescription {
        self.inner.description()
    }

    fn longest_document(&self) -> usize {
        self.inner.longest_document()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.inner.count_tokens(text)
    }

    fn document_tokens(&self, text: &str) -> usize {
        self.inner.document_tokens(text)
    }

    fn batch(&self) -> Batch {
        self.inner.batch()
    }

    fn is_mostly_unknown(&self, text: &str) -> bool {
        self.inner.is_mostly_unknown(text)
    }

    fn token_embedder(&self) -> Option<&dyn TokenEmbedder> {
        Some(self)
    }

    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let tokenize = |Input::Text(text): &Input<'_>| self.token_ids(role, text);
        let texts: Vec<TokenizedText> = inputs.iter().map(tokenize).collect::<Result<_, _>>()?;
        let ids: Vec<&[u32]> = texts.iter().map(|text| text.ids.as_slice()).collect();
        Ok(Embedded {
            vectors: self.embed_tokens(&ids)?,
            tokens: ids.iter().map(|ids| ids.len()).sum(),
            truncated: texts.iter().filter(|text| text.truncated).count(),
        })
    }
}

impl TokenEmbedder for LaneEmbedder {
    fn vocabulary_size(&self) -> usize {
        self.tokenizer().vocabulary_size()
    }

    fn token_ids(&self, role: Role, text: &str) -> Result<TokenizedText, EmbedError> {
        if text.len() <= SHORT_BYTES {
            return self.tokenizer().token_ids(role, text);
        }
        self.tokenizers.install(|| self.tokenizer().token_ids(role, text))
    }

    fn tokens(&self, text: &str) -> Result<Vec<Token>, EmbedError> {
        self.tokenizer().tokens(text)
    }

    fn with_special_tokens(&self, ids: &[u32]) -> Result<Vec<u32>, EmbedError> {
        self.tokenizer().with_special_tokens(ids)
    }

    fn embed_tokens(&self, texts: &[&[u32]]) -> Result<UnitVectors, EmbedError> {
        let mut vectors = UnitVectors::new(self.description().dimension);
        for piece in pieces(texts) {
            let tokens: usize = piece.iter().map(|ids| ids.len()).sum();
            let lane = if tokens <= SHORT_TOKENS { &self.short } else { &self.long };
            lane.encode(piece)?.rows().for_each(|row| vectors.push_unit(row));
        }
        Ok(vectors)
    }
}

/// `texts` in runs of at most [`PIECE_TOKENS`] tokens; a longer text is a run of its own.
fn pieces<T: AsRef<[u32]>>(texts: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = texts;
    std::iter::from_fn(move || {
        let mut tokens = 0;
        let fits = |ids: &&T| {
            tokens += ids.as_ref().len();
            tokens <= PIECE_TOKENS
        };
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let (piece, others) = rest.split_at(count);
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_all_texts_in_order_and_none_is_longer_than_allowed() {
        let texts: Vec<Vec<u32>> =
            [1, 2047, 1, 5000, 2048, 3].iter().map(|&length| vec![7; length]).collect();
        let lengths: Vec<Vec<usize>> =
            pieces(&texts).map(|piece| piece.iter().map(Vec::len).collect()).collect();
        assert_eq!(lengths, [vec![1, 2047], vec![1], vec![5000], vec![2048], vec![3]]);
        assert_eq!(pieces::<Vec<u32>>(&[]).count(), 0);
    }
}
