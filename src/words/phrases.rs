//! The texts that satisfy the phrases and excluded words of a query.

use roaring::RoaringBitmap;

use super::phrase::Phrase;
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
    phrase: &Phrase,
    among: &RoaringBitmap,
    text_of: impl Fn(u32) -> Result<String, S::Error>,
) -> Result<RoaringBitmap, S::Error> {
    let mut candidates = among.clone();
    for term in phrase.terms() {
        let mut having = RoaringBitmap::new();
        store.for_each_posting(term, &mut |posting| {
            having.insert(posting.text);
        })?;
        candidates &= having;
    }
    let mut rows = RoaringBitmap::new();
    for row in candidates {
        if phrase.is_in(&text_of(row)?) {
            rows.insert(row);
        }
    }
    Ok(rows)
}
