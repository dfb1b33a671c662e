//! Answers with vectors.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::error::AnswerProblem;
use super::refusal::Said;
use crate::vectors::{Dimension, UnitVectors};

/// Bytes of an answer that is an error.
const LONGEST_ERROR: usize = 64 << 10;

/// An answer, in the form that all dialects share.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    data: Vec<Row>,
    /// The model that answers.
    pub(super) model: Option<String>,
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Row {
    /// The text, counted from 0; some servers leave it out.
    index: Option<usize>,
    embedding: Components,
}

#[derive(Debug, Deserialize)]
struct Usage {
    total_tokens: Option<u64>,
    prompt_tokens: Option<u64>,
}

/// The components of a vector: numbers, or their little-endian float32 bytes in base64.
#[derive(Debug)]
struct Components(Vec<f32>);

impl Answer {
    /// Reads `body`.
    pub(super) fn read(body: &[u8]) -> Result<Self, AnswerProblem> {
        serde_json::from_slice(body).map_err(|error| {
            if body.trim_ascii_start().starts_with(b"<") {
                return AnswerProblem::WebPage;
            }
            let message = Said::read(body).message;
            if body.len() <= LONGEST_ERROR
                && !message.is_empty()
                && serde_json::from_slice::<IgnoredAny>(body).is_ok()
            {
                return AnswerProblem::Error { message };
            }
            AnswerProblem::NotJson { problem: error.to_string() }
        })
    }

    /// The tokens that the service counted.
    pub(super) fn tokens(&self) -> Option<u64> {
        let usage = self.usage.as_ref()?;
        usage.total_tokens.or(usage.prompt_tokens)
    }

    /// The dimension of the first vector.
    pub(super) fn dimension(&self) -> Result<Dimension, AnswerProblem> {
        let first = self.data.first().ok_or(AnswerProblem::Count { found: 0, expected: 1 })?;
        let found = first.embedding.0.len();
        Dimension::new(found).ok_or(AnswerProblem::NoDimension { found })
    }

    /// The vectors of `texts` texts in their order: of `dimension` components, of which the first `kept` are kept.
    pub(super) fn into_vectors(
        self,
        texts: usize,
        dimension: Dimension,
        kept: Dimension,
    ) -> Result<UnitVectors, AnswerProblem> {
        if self.data.len() != texts {
            return Err(AnswerProblem::Count { found: self.data.len(), expected: texts });
        }
        let mut rows: Vec<Option<Components>> = std::iter::repeat_with(|| None).take(texts).collect();
        for (position, row) in self.data.into_iter().enumerate() {
            if let Some(place) = rows.get_mut(row.index.unwrap_or(position)) {
                *place = Some(row.embedding);
            }
        }
        let mut vectors = UnitVectors::new(kept);
        for (text, row) in rows.into_iter().enumerate() {
            let Components(row) = row.ok_or(AnswerProblem::Index { missing: text })?;
            if row.len() != dimension.get() {
                return Err(AnswerProblem::Dimension { found: row.len(), expected: dimension });
            }
            if !row.iter().all(|component| component.is_finite()) {
                return Err(AnswerProblem::NotFinite { text });
            }
            let pushed = vectors.push_keeping_unit(&row[..kept.get()]);
            pushed.map_err(|_| AnswerProblem::NoLength { text })?;
        }
        Ok(vectors)
    }
}

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ComponentsVisitor)
    }
}

struct ComponentsVisitor;

impl<'de> Visitor<'de> for ComponentsVisitor {
    type Value = Components;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of numbers, or base64")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Components, A::Error> {
        let mut components = Vec::new();
        while let Some(number) = numbers.next_element()? {
            components.push(number);
        }
        Ok(Components(components))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Components, E> {
        let bytes =
            STANDARD.decode(text).map_err(|error| E::custom(format_args!("invalid base64: {error}")))?;
        let (components, rest) = bytes.as_chunks::<{ size_of::<f32>() }>();
        if !rest.is_empty() {
            return Err(E::custom("base64 of a part of a number"));
        }
        Ok(Components(components.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(body: &str, texts: usize) -> Result<Vec<f32>, AnswerProblem> {
        let two = Dimension::new(2).expect("2 is a dimension");
        Ok(Answer::read(body.as_bytes())?.into_vectors(texts, two, two)?.as_slice().to_vec())
    }

    #[test]
    fn vectors_are_put_in_the_order_of_their_texts_and_scaled() {
        let body = r#"{"object":"list","data":[
            {"object":"embedding","index":1,"embedding":[0,-2.5]},
            {"object":"embedding","index":0,"embedding":"AABAQAAAgEA="}],
            "model":"m","usage":{"prompt_tokens":7,"total_tokens":8}}"#;
        assert_eq!(vectors(body, 2), Ok(vec![0.6, 0.8, 0.0, -1.0]));
        let answer = Answer::read(body.as_bytes()).expect("the answer is valid");
        assert_eq!((answer.tokens(), answer.model.as_deref()), (Some(8), Some("m")));
        assert_eq!(answer.dimension().map(Dimension::get), Ok(2));
        let bare = r#"{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}"#;
        assert_eq!(vectors(bare, 2), Ok(vec![1.0, 0.0, 0.0, 1.0]));
    }

    #[test]
    fn wrong_answers_are_refused_with_the_reason() {
        use AnswerProblem::{Count, Dimension as Width, Index, NoLength, NotFinite, NotJson, WebPage};
        let row = |row: &str| format!(r#"{{"data":[{row}]}}"#);
        assert_eq!(vectors("<!DOCTYPE html>", 1), Err(WebPage));
        let error = r#"{"error":{"message":"busy"}}"#;
        assert_eq!(vectors(error, 1), Err(AnswerProblem::Error { message: "busy".to_owned() }));
        assert_eq!(vectors(r#"{"data":[]}"#, 1), Err(Count { found: 0, expected: 1 }));
        assert_eq!(vectors(&row(r#"{"embedding":[0,0]}"#), 1), Err(NoLength { text: 0 }));
        assert_eq!(vectors(&row(r#"{"index":1,"embedding":[1,0]}"#), 1), Err(Index { missing: 0 }));
        assert_eq!(vectors(&row(r#"{"embedding":"AADAfwAAgD8="}"#), 1), Err(NotFinite { text: 0 }));
        let found = vectors(&row(r#"{"embedding":[1,0,0]}"#), 1);
        assert!(matches!(found, Err(Width { found: 3, .. })), "{found:?}");
        for body in [
            "",
            "{}",
            "[]",
            r#"{"data":[{"embedding":[NaN,1]}]}"#,
            r#"{"data":[{"embedding":[null,1]}]}"#,
            r#"{"data":[{"embedding":"!!"}]}"#,
            r#"{"data":[{"embedding":"AAAA"}]}"#,
            r#"{"data":[{"index":-1,"embedding":[1,0]}]}"#,
        ] {
            assert!(matches!(vectors(body, 1), Err(NotJson { .. })), "{body}");
        }
    }
}
