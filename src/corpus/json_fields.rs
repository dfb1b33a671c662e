//! The fields of a JSON object within a budget: the excess is skipped, not stored.
//!
//! `serde_json` limits the depth of stored values to 128, and skips the rest without recursion.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::budget::{Budget, FieldLimits};
use super::stream::Completeness;

/// Parses one object and nothing else.
pub(super) fn parse_object(
    json: &str,
    limits: FieldLimits<'_>,
) -> Result<(Map<String, Value>, Completeness), serde_json::Error> {
    let mut budget = Budget::new(limits);
    let paths: Vec<&str> = limits.important.iter().map(String::as_str).collect();
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value =
        FieldValue { budget: &mut budget, paths, level: Level::Row }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    match value {
        Value::Object(fields) => Ok((fields, budget.extent())),
        _ => Err(Error::custom("not an object")),
    }
}

/// A value that is kept as far as the budget allows.
struct FieldValue<'b, 'p> {
    budget: &'b mut Budget,
    /// The remaining paths through this value to an important field.
    paths: Vec<&'p str>,
    level: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The row, or an object on the path to an important field: every field has its own limit.
    Row,
    /// A part of a field.
    Inside,
}

impl<'de> DeserializeSeed<'de> for FieldValue<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldValue<'_, '_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Bool(boolean))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(self.budget.take_text(text).to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let budget = self.budget;
        let mut kept = Vec::new();
        while let Some(element) = elements.next_element_seed(ArrayElement { budget: &mut *budget })? {
            kept.extend(element);
        }
        Ok(Value::Array(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let Self { budget, paths, level } = self;
        let mut kept = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let is_important = paths.iter().any(|path| path.eq_ignore_ascii_case(&name));
            let paths: Vec<&str> = paths.iter().filter_map(|path| step(path, &name)).collect();
            let inner = if paths.is_empty() { Level::Inside } else { Level::Row };
            let fits = is_important
                || inner == Level::Row
                || match level {
                    Level::Row => budget.start_field(&name),
                    Level::Inside => budget.take_entry(&name),
                };
            if !fits {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = if is_important {
                let read =
                    |budget: &mut Budget| entries.next_value_seed(FieldValue { budget, paths, level: inner });
                budget.important_field(read)?
            } else {
                entries.next_value_seed(FieldValue { budget: &mut *budget, paths, level: inner })?
            };
            kept.insert(name, value);
        }
        Ok(Value::Object(kept))
    }
}

/// The rest of `path` after the field `name`.
fn step<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    path.strip_prefix(name)?.strip_prefix('.')
}

/// An element of an array, if it fits.
struct ArrayElement<'b> {
    budget: &'b mut Budget,
}

impl<'de> DeserializeSeed<'de> for ArrayElement<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        let Self { budget } = self;
        if budget.take_element() {
            FieldValue { budget, paths: Vec::new(), level: Level::Inside }.deserialize(deserializer).map(Some)
        } else {
            IgnoredAny::deserialize(deserializer).map(|_| None)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(
        json: &str,
        important: &[&str],
        field_bytes: usize,
        shared_bytes: usize,
    ) -> (Value, Completeness) {
        let important: Vec<String> = important.iter().map(|&name| name.to_owned()).collect();
        let limits = FieldLimits { important: &important, field_bytes, shared_bytes };
        let (fields, extent) = parse_object(json, limits).expect("the object is sound");
        (Value::Object(fields), extent)
    }

    #[test]
    fn of_long_fields_the_start_is_kept_and_later_fields_are_whole() {
        let json = json!({"a": "é".repeat(300), "text": "x".repeat(500), "year": 2020}).to_string();
        let (fields, extent) = parse(&json, &["text"], 200, 1000);
        let kept = json!({"a": "é".repeat(67), "text": "x".repeat(200), "year": 2020});
        assert_eq!((fields, extent), (kept, Completeness::Cut));
    }

    #[test]
    fn fields_share_a_limit_and_the_text_has_its_own() {
        let long = "x".repeat(150);
        let json = json!({"a": long, "b": long, "c": long, "more": {"junk": long, "text": long}}).to_string();
        let (fields, extent) = parse(&json, &["more.text"], 400, 500);
        let kept = json!({"a": long, "b": long, "c": "", "more": {"text": long}});
        assert_eq!(extent, Completeness::Cut);
        assert_eq!(fields["more"]["text"], kept["more"]["text"]);
        assert_eq!((&fields["a"], &fields["b"]), (&kept["a"], &kept["b"]));
        assert!(fields["c"].as_str().is_none_or(|text| text.len() < 150), "{fields}");
    }

    #[test]
    fn wide_values_are_cut() {
        let numbered = (0..100_000).map(|n| format!("\"{n}\": 1,")).collect::<Vec<_>>().concat();
        for json in [
            format!("{{\"a\": [{}1]}}", "1,".repeat(100_000)),
            format!("{{\"a\": [{}[]]}}", "[],".repeat(100_000)),
            format!("{{\"a\": {{{numbered}\"x\": 1}}}}"),
            format!("{{{numbered}\"x\": 1}}"),
        ] {
            let (fields, extent) = parse(&json, &["text"], 10_000, 20_000);
            assert_eq!(extent, Completeness::Cut);
            assert!(fields.to_string().len() < 20_000);
        }
    }

    #[test]
    fn faults_are_errors_in_what_is_left_out_too() {
        let faulty = ["[]", "1", "{\"a\": 1} x", "{\"a\": [1, 2", "{\"a\": \"b}", "{\"a\": nul}", ""];
        for json in faulty {
            assert!(parse_object(json, FieldLimits::NONE).is_err(), "{json}");
            let limits = FieldLimits { important: &[], field_bytes: 0, shared_bytes: 0 };
            assert!(parse_object(json, limits).is_err(), "{json}");
        }
        let deep = format!("{{\"a\": {}", "[".repeat(100_000));
        assert!(parse_object(&deep, FieldLimits::NONE).is_err());
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn without_limits_an_object_is_what_serde_json_makes_of_it(value in value()) {
            let json = json!({"a": value}).to_string();
            let (fields, extent) = parse_object(&json, FieldLimits::NONE).expect("the object is sound");
            prop_assert_eq!(fields, serde_json::from_str::<Map<String, Value>>(&json).expect("the object is sound"));
            prop_assert_eq!(extent, Completeness::Whole);
        }
    }
}
