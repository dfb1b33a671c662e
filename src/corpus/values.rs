//! Values of records as text, as ids and as typed metadata.

use serde_json::{Map, Number, Value};

/// The field `name`, else the value at the path `name`.
pub(super) fn lookup<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| {
        let (first, rest) = name.split_once('.')?;
        lookup(fields.get(first)?.as_object()?, rest)
    })
}

/// The text of a value; an array has the texts of its elements, an object none.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        }
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(text_of).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        }
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Object(_) => None,
    }
}

/// The id in a value: strings and numbers are ids, nothing else.
pub(super) fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(_) | Value::Number(_) => text_of(value),
        _ => None,
    }
}

/// Gives a cell of a table its type. Numbers have the syntax of JSON, so `007` stays a text. An integer beyond 64 bits,
/// which a float would round, stays a text, too. An empty cell is null.
pub(super) fn infer_type(value: &mut Value) {
    let Value::String(text) = value else { return };
    *value = match text.trim() {
        "" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        cell => match number(cell) {
            Some(number) => Value::Number(number),
            None => return,
        },
    };
}

fn number(cell: &str) -> Option<Number> {
    if !cell.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return None;
    }
    let number: Number = serde_json::from_str(cell).ok()?;
    let is_integer = !cell.contains(['.', 'e', 'E']);
    (number.is_i64() || !is_integer).then_some(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_have_the_type_of_what_they_hold() {
        for (cell, typed) in [
            ("12", json!(12)),
            (" -3 ", json!(-3)),
            ("0.5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("True", json!(true)),
            ("false", json!(false)),
            ("", Value::Null),
            ("007", json!("007")),
            ("+1", json!("+1")),
            ("NaN", json!("NaN")),
            ("1e999", json!("1e999")),
            ("12345678901234567890", json!("12345678901234567890")),
            ("2020-01-01", json!("2020-01-01")),
        ] {
            let mut value = Value::String(cell.to_owned());
            infer_type(&mut value);
            assert_eq!(value, typed, "{cell:?}");
        }
    }
}
