//! Which fields of rows hold words, if none is named as text.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::values::text_of;

/// The fields whose values are mostly words, by a sample of rows, in the order in which they first occur.
pub(super) fn word_fields<'a>(rows: impl Iterator<Item = &'a Map<String, Value>>) -> Vec<String> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut tallies: Vec<(&str, usize, usize)> = Vec::new();
    for (name, value) in rows.flatten() {
        let Some(text) = text_of(value) else { continue };
        let place = *places.entry(name).or_insert_with(|| {
            tallies.push((name, 0, 0));
            tallies.len() - 1
        });
        let (_, words, all) = &mut tallies[place];
        *words += usize::from(is_words(&text));
        *all += 1;
    }
    let of_words = tallies.into_iter().filter(|(_, words, all)| words * 2 > *all);
    of_words.map(|(name, ..)| name.to_owned()).collect()
}

/// Whether most parts of a value between spaces are words: letters, with punctuation around and hyphens within. So
/// numbers, dates, email addresses, URLs, hashes and most ids are not words.
fn is_words(text: &str) -> bool {
    if matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "none" | "nan" | "n/a") {
        return false;
    }
    // The start of a long text suffices.
    let parts: Vec<&str> = text.split_whitespace().take(64).collect();
    let is_word = |part: &str| {
        let part =
            part.trim_matches(|letter: char| letter.is_ascii_punctuation() || "“”‘’«»…–—".contains(letter));
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_alphabetic() || !letter.is_ascii() || "-'/".contains(letter))
    };
    parts.iter().filter(|part| is_word(part)).count() * 2 > parts.len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_told_from_other_values() {
        for text in
            ["Ann", "New York", "A raincoat, for 2 cyclists.", "well-known", "日本", "(none of these)"]
        {
            assert!(is_words(text), "{text}");
        }
        for text in
            ["12", "2020-01-01", "12 May 2020", "a@b.org", "https://a.org/b", "r2", "9f3a-bc01", "true", "-"]
        {
            assert!(!is_words(text), "{text}");
        }
    }

    #[test]
    fn a_field_is_judged_by_all_its_values() {
        let rows = [
            json!({"id": "a1", "name": "Ann", "city": "Rome", "note": null}),
            json!({"id": "b", "name": "Bob", "city": "75001", "note": "", "year": 3}),
            json!({"id": "c3", "name": "C3", "city": "75002", "note": "Likes tea"}),
        ];
        let fields = word_fields(rows.iter().filter_map(Value::as_object));
        assert_eq!(fields, ["name", "note"]);
    }
}
