//! Filters on documents in memory.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::condition::{Field, Filter, FilterNumber, Filters, Literal, Meaning, Operator};

/// The parts of a document that a filter can test.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its source.
    pub source: &'a str,
    /// Its key within the source.
    pub id: &'a str,
    /// The user's own fields.
    pub metadata: Option<&'a Map<String, Value>>,
}

impl Filters {
    /// Whether all filters hold.
    #[must_use]
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        self.filters.iter().all(|filter| filter.matches(subject))
    }
}

impl Filter {
    /// Whether the filter holds.
    #[must_use]
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        let Self { field, operator, value } = self;
        match field {
            Field::Source => text_matches(*operator, subject.source, value),
            Field::Id => text_matches(*operator, subject.id, value),
            Field::Metadata(steps) => {
                let found = subject.metadata.and_then(|metadata| lookup(metadata, steps));
                match (operator, found) {
                    (Operator::Present, found) => found.is_some(),
                    (Operator::NotEqual, found) => !found.is_some_and(|found| equals(found, value)),
                    (Operator::Equal, Some(found)) => equals(found, value),
                    (operator, Some(found)) => value_matches(*operator, found, value),
                    (_, None) => false,
                }
            }
        }
    }
}

fn lookup<'a>(metadata: &'a Map<String, Value>, steps: &[String]) -> Option<&'a Value> {
    // SQLite takes a NUL character for the end of a name, so no filter finds such a field.
    let (first, rest) = steps.split_first().filter(|_| steps.iter().all(|step| !step.contains('\0')))?;
    rest.iter().try_fold(metadata.get(first)?, |value, step| value.as_object()?.get(step))
}

fn equals(found: &Value, literal: &Literal) -> bool {
    match (found, literal.meaning) {
        (Value::String(text), _) => *text == literal.text,
        (Value::Number(number), Meaning::Number(expected)) => {
            order(number, expected) == Some(Ordering::Equal)
        }
        (Value::Bool(boolean), Meaning::Boolean(expected)) => *boolean == expected,
        _ => false,
    }
}

/// Whether an order or a containment holds.
fn value_matches(operator: Operator, found: &Value, literal: &Literal) -> bool {
    match (found, literal.meaning) {
        (Value::Array(elements), _) if operator == Operator::Contains => {
            elements.iter().any(|element| equals(element, literal))
        }
        (Value::String(text), _) if operator == Operator::Contains => text.contains(&literal.text),
        (Value::String(text), Meaning::Text) => operator.accepts(text.cmp(&literal.text)),
        (Value::Number(number), Meaning::Number(expected)) => {
            order(number, expected).is_some_and(|order| operator.accepts(order))
        }
        _ => false,
    }
}

/// Source and id are always compared as texts.
fn text_matches(operator: Operator, text: &str, literal: &Literal) -> bool {
    match operator {
        Operator::Contains => text.contains(&literal.text),
        Operator::Present => true,
        comparison => comparison.accepts(text.cmp(literal.text.as_str())),
    }
}

fn order(number: &serde_json::Number, expected: FilterNumber) -> Option<Ordering> {
    FilterNumber::new(number)?.order(expected)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_mean_what_the_documentation_says() {
        let metadata = json!({
            "year": 2020, "rate": 0.5, "lang": "en", "date": "2020-05-01", "count": "7", "open": true,
            "none": null, "tags": ["ai", 3, true], "more": {"deep": {"x": 1}}, "source": "wiki",
        });
        let subject = Subject { source: "notes/a.jsonl", id: "17", metadata: metadata.as_object() };
        for (filter, holds) in [
            ("year >= 2020", true),
            ("year > 2020", false),
            ("year = 2020.0", true),
            ("year = \"2020\"", false),
            ("year < 1e4", true),
            ("rate <= 0.5", true),
            ("lang = en", true),
            ("lang != en", false),
            ("lang = EN", false),
            ("lang ~ e", true),
            ("date >= \"2020\"", true),
            ("date >= 2020", false),
            ("count = 7", true),
            ("open = true", true),
            ("open = \"true\"", false),
            ("open != false", true),
            ("none = null", false),
            ("none != x", true),
            ("missing = x", false),
            ("missing != x", true),
            ("missing ~ x", false),
            ("tags ~ ai", true),
            ("tags ~ a", false),
            ("tags ~ 3", true),
            ("tags ~ true", true),
            ("tags = ai", false),
            ("more.deep.x = 1", true),
            ("more.deep.y = 1", false),
            ("more = 1", false),
            ("\"more.deep\" = 1", false),
            ("source ~ notes/", true),
            ("\"source\" = wiki", true),
            ("id = 17", true),
            ("id != 17", false),
            ("id >= \"17\"", true),
        ] {
            let filter: Filter = filter.parse().expect(filter);
            assert_eq!(filter.matches(subject), holds, "{filter:?}");
        }
    }

    #[test]
    fn all_filters_must_hold_and_none_always_does() {
        let subject = Subject { source: "a", id: "1", metadata: None };
        let filters =
            |texts: &[&str]| -> Filters { texts.iter().map(|text| text.parse().expect(text)).collect() };
        assert!(filters(&[]).matches(subject));
        assert!(filters(&["id = 1", "source = a"]).matches(subject));
        assert!(!filters(&["id = 1", "source = b"]).matches(subject));
    }
}
