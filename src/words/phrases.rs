//! The texts that satisfy the phrases and excluded words of a query.

use roaring::RoaringBitmap;

use super::analysis::{plain_words, terms_of};
use super::query::WordQuery;
use super::ranking::WordStore;

/// The rows of `among` whose text has every phrase of `query` and none of its excluded words. `text_of` gives the text
/// of a row; it is called only for rows that have all terms of a phrase.
///
/// # Errors
///
/// The errors of the store and of `text_of`.
pub fn rows_that_satisfy<S: WordStore>(
    store: &S,
    query: &WordQuery,
    among: RoaringBitmap,
    text_of: impl Fn(u32) -> Result<String, S::Error>,
) -> Result<RoaringBitmap, S::Error> {
    let mut rows = among;
    for phrase in &query.phrases {
        rows = rows_with_phrase(store, phrase, &rows, &text_of)?;
    }
    for phrase in &query.excluded {
        rows -= rows_with_phrase(store, phrase, &rows, &text_of)?;
    }
    Ok(rows)
}

fn rows_with_phrase<S: WordStore>(
    store: &S,
    phrase: &[String],
    among: &RoaringBitmap,
    text_of: impl Fn(u32) -> Result<String, S::Error>,
) -> Result<RoaringBitmap, S::Error> {
    let mut candidates = among.clone();
    for word in phrase {
        let mut terms = Vec::new();
        terms_of(word, |term| terms.push(term.to_owned()));
        for term in terms {
            let mut having = RoaringBitmap::new();
            store.for_each_posting(&term, &mut |posting| {
                having.insert(posting.text);
            })?;
            candidates &= having;
        }
    }
    let mut rows = RoaringBitmap::new();
    for row in candidates {
        let words = plain_words(&text_of(row)?);
        if words.windows(phrase.len()).any(|window| window == phrase) {
            rows.insert(row);
        }
    }
    Ok(rows)
}
