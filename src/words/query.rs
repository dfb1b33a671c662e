//! The query of a user as terms and conditions.

use super::analysis::{is_definition, names_of, plain_words, terms_of};
use super::text_terms::TextTerms;

/// The words of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WordQuery {
    /// The query without quotation marks and excluded words: the text that is embedded.
    pub text: String,
    /// Each term once, in the order of the query.
    pub terms: Vec<String>,
    /// The terms that are names, such as `parse_file` or `0.19`.
    pub names: Vec<String>,
    /// Words that must follow one another in a text, for each `"quoted phrase"`.
    pub phrases: Vec<Vec<String>>,
    /// Words that must not follow one another in a text, for each `-word`.
    pub excluded: Vec<Vec<String>>,
}

impl WordQuery {
    /// Treats `text` literally: quotation marks and hyphens have no special meaning.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        let mut terms: Vec<String> = Vec::new();
        terms_of(text, |term| {
            if !is_definition(term) && !terms.iter().any(|known| known == term) {
                terms.push(term.to_owned());
            }
        });
        let mut names = Vec::new();
        names_of(text, |name| names.push(name.to_owned()));
        Self { text: text.to_owned(), terms, names, ..Self::default() }
    }

    /// Reads `"quoted phrases"`, which must occur, and `-words`, which must not.
    ///
    /// A quotation mark opens a phrase at the start of a word and closes it at the end of one; a hyphen excludes a word
    /// where it follows white space and a letter or a quotation mark follows it. Everything else is literal.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let (mut text, mut phrases, mut excluded) = (String::new(), Vec::new(), Vec::new());
        let mut rest = query;
        while !rest.is_empty() {
            let at_start = text.is_empty() || text.ends_with(char::is_whitespace);
            let (negated, body) = match rest.strip_prefix('-') {
                Some(body)
                    if at_start && body.starts_with(|char: char| char.is_alphabetic() || char == '"') =>
                {
                    (true, body)
                }
                _ => (false, rest),
            };
            let phrase = if at_start { quoted(body) } else { None };
            let word_end = body.find(char::is_whitespace).unwrap_or(body.len());
            match (negated, phrase) {
                (true, phrase) => {
                    let (words, length) = phrase.map_or((&body[..word_end], word_end), |p| (p, p.len() + 2));
                    excluded.push(plain_words(words));
                    rest = &body[length..];
                }
                (false, Some(phrase)) => {
                    phrases.push(plain_words(phrase));
                    text.push_str(phrase);
                    rest = &body[phrase.len() + 2..];
                }
                (false, None) => {
                    let first = rest.chars().next().expect("the rest is not empty");
                    text.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        phrases.retain(|words| !words.is_empty());
        excluded.retain(|words| !words.is_empty());
        if phrases.is_empty() && excluded.is_empty() {
            return Self::plain(query);
        }
        Self { phrases, excluded, ..Self::plain(text.trim()) }
    }

    /// The terms of the query that occur in `text`, in the order of the query.
    #[must_use]
    pub fn matches_in(&self, text: &str) -> Vec<String> {
        let found = TextTerms::of(text).counts;
        self.terms.iter().filter(|term| found.contains_key(term.as_str())).cloned().collect()
    }

    /// Whether the query has phrases or excluded words.
    #[must_use]
    pub const fn has_conditions(&self) -> bool {
        !self.phrases.is_empty() || !self.excluded.is_empty()
    }
}

/// The quoted words at the start of `text`, if a quotation mark closes them at the end of a word.
fn quoted(text: &str) -> Option<&str> {
    let body = text.strip_prefix('"')?;
    let end = body.find('"')?;
    let after = body[end + 1..].chars().next();
    (!body[..end].trim().is_empty() && after.is_none_or(|after| !after.is_alphanumeric()))
        .then(|| &body[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn phrases_must_occur_and_words_after_a_hyphen_must_not() {
        let query = WordQuery::parse("refund \"ten Days\" -draft");
        assert_eq!(query.text, "refund ten Days");
        assert_eq!(query.phrases, [words(&["ten", "days"])]);
        assert_eq!(query.excluded, [words(&["draft"])]);
        assert_eq!(query.terms, ["refund", "ten", "day"]);
        assert_eq!(WordQuery::parse("a -\"not this\" b").excluded, [words(&["not", "this"])]);
    }

    #[test]
    fn marks_inside_words_stand_for_themselves() {
        for text in [
            "state-of-the-art",
            "at -5 degrees",
            "a 5\" pipe",
            "it's \"open",
            "a - b",
            "-",
            "\"\"",
            "don't",
            "",
        ] {
            let query = WordQuery::parse(text);
            assert_eq!(query.text, text);
            assert!(!query.has_conditions(), "{text}");
        }
    }
}
