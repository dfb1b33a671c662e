//! Queries of words, and the texts that they find.

use std::convert::Infallible;

use embed::words::{
    Phrase, PostingsReader, TextTerms, WordQuery, WordScores, WordsInMemory, plain_words, rows_that_satisfy,
    terms_of,
};

use super::bytes::first_line;

/// A query in the first line, and a text in every further one.
pub(crate) fn run(data: &[u8]) {
    PostingsReader::new(data, 7).for_each(drop);
    let text = String::from_utf8_lossy(data);
    let (query, texts) = first_line(&text);
    let texts: Vec<&str> = texts.lines().collect();
    let plain = WordQuery::plain(query);
    assert!(!plain.has_conditions());
    let query = WordQuery::parse(query);
    for (place, term) in query.terms.iter().enumerate() {
        assert!(!query.terms[..place].contains(term), "a query has each term once: {term:?}");
    }
    let mut store = WordsInMemory::default();
    for text in &texts {
        store.push(text);
        let TextTerms { counts, length } = TextTerms::of(text);
        assert!(usize::from(length) <= counts.values().map(|&count| count as usize).sum());
        for term in query.matches_in(text) {
            assert!(counts.contains_key(term.as_str()));
        }
        terms_of(text, |term| assert!(!term.is_empty()));
        assert!(plain_words(text).iter().all(|word| !word.is_empty()));
    }
    let all = (0..texts.len() as u32).collect();
    let Ok(found) =
        rows_that_satisfy(&store, &query, all, |row| Ok::<_, Infallible>(texts[row as usize].to_owned()));
    for (row, text) in (0..).zip(&texts) {
        let has = |phrase: &Phrase| phrase.is_in(text);
        let expected = query.phrases.iter().all(has) && !query.excluded.iter().any(has);
        assert_eq!(found.contains(row), expected, "{query:?} in {text:?}");
    }
    let Ok(scores) = WordScores::new(&store, &query);
    for row in 0..texts.len() as u32 {
        let all = [scores.bm25(row), scores.added(row), scores.coverage(row)];
        assert!(all.iter().all(|score| score.is_finite() && *score >= 0.0), "{all:?}");
        assert_eq!(scores.matched().contains(&row), !query.matches_in(texts[row as usize]).is_empty());
    }
}
