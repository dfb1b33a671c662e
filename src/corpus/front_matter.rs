//! YAML between `---` lines at the start of a Markdown file.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::values::infer_type;

/// Longer blocks are text: the metadata of a document is short, and parsing may be slow.
const MAXIMUM_BYTES: usize = 64 * 1024;

/// How deep values may be nested.
const MAXIMUM_DEPTH: usize = 32;

/// The fields of a document, and where its text starts.
#[derive(Debug)]
pub(super) struct FrontMatter {
    pub(super) fields: Map<String, Value>,
    pub(super) end: usize,
}

impl FrontMatter {
    /// The front matter of a text; `None` if there is none, or if it is not a YAML mapping and so stays text.
    pub(super) fn of(text: &str) -> Option<Self> {
        let yaml_start = fence_end(text, &["---"])?;
        let mut line_start = yaml_start;
        while line_start < text.len() && line_start - yaml_start <= MAXIMUM_BYTES {
            let rest = &text[line_start..];
            if let Some(length) = fence_end(rest, &["---", "..."]) {
                let fields = parse(&text[yaml_start..line_start])?;
                return Some(Self { fields, end: line_start + length });
            }
            line_start += rest.find('\n').map_or(rest.len(), |end| end + 1);
        }
        None
    }

    /// The title of the document.
    pub(super) fn title(&self) -> Option<&str> {
        self.fields.get("title")?.as_str().map(str::trim).filter(|title| !title.is_empty())
    }
}

/// The length of the first line with its end, if the line is one of `fences`.
fn fence_end(text: &str, fences: &[&str]) -> Option<usize> {
    let length = text.find('\n').map_or(text.len(), |end| end + 1);
    fences.contains(&text[..length].trim_end()).then_some(length)
}

/// A list or a mapping that is not complete.
enum Open {
    List(Vec<Value>),
    /// A mapping, and the key whose value is next.
    Mapping(Map<String, Value>, Option<String>),
}

/// The fields of a mapping; `None` for anything else. Aliases are refused, since a few of them can expand to a text of
/// any length. Keys that are not scalars are refused, too.
fn parse(yaml: &str) -> Option<Map<String, Value>> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(yaml) {
        let (event, _) = event.ok()?;
        let complete = match event {
            Event::Alias(_) => return None,
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == MAXIMUM_DEPTH => return None,
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Mapping(Map::new(), None));
                continue;
            }
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List(values) => Value::Array(values),
                Open::Mapping(fields, _) => Value::Object(fields),
            },
            _ => continue,
        };
        match (open.last_mut(), complete) {
            (None, Value::Object(fields)) => return Some(fields),
            (None, _) => return None,
            (Some(Open::List(values)), value) => values.push(value),
            (Some(Open::Mapping(fields, key)), value) => match key.take() {
                Some(key) => drop(fields.insert(key, value)),
                None => *key = Some(key_of(value)?),
            },
        }
    }
    None
}

fn key_of(value: Value) -> Option<String> {
    match value {
        Value::String(key) => Some(key),
        Value::Array(_) | Value::Object(_) => None,
        scalar => Some(scalar.to_string()),
    }
}

/// Plain scalars have their apparent type, like cells of a table.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    let mut value = Value::String(text.to_owned());
    if style == ScalarStyle::Plain {
        match text {
            "~" | "null" | "Null" | "NULL" => return Value::Null,
            _ => infer_type(&mut value),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(text: &str) -> Option<Value> {
        FrontMatter::of(text).map(|front_matter| Value::Object(front_matter.fields))
    }

    #[test]
    fn scalars_lists_and_mappings_are_values() {
        let text = "---\r\ntitle: \"A: b\"\ndraft: true\nweight: 3\ndate: 2024-01-02\nempty:\ntags: [a, 2]\nlist:\n  - x\n  - y\n\
                    more:\n  deep:\n    n: 1.5\nfolded: >\n  one\n  two\n---\n# Text\n";
        assert_eq!(
            fields(text),
            Some(json!({
                "title": "A: b", "draft": true, "weight": 3, "date": "2024-01-02", "empty": null, "tags": ["a", 2],
                "list": ["x", "y"], "more": {"deep": {"n": 1.5}}, "folded": "one two\n"
            }))
        );
        let front_matter = FrontMatter::of(text).expect("there is one");
        assert_eq!(&text[front_matter.end..], "# Text\n");
        assert_eq!(front_matter.title(), Some("A: b"));
    }

    #[test]
    fn what_is_no_mapping_is_text() {
        for text in [
            "",
            "# Text",
            "---\n---\ntext",
            "---\njust words\n---\n",
            "---\na: 1\n",
            "---\na: [1\n---\n",
            "---\na: &x b\nc: *x\n---\n",
            "\n---\na: 1\n---\n",
            "----\na: 1\n---\n",
        ] {
            assert_eq!(fields(text), None, "{text:?}");
        }
        assert_eq!(fields(&format!("---\na: {}\n---\n", "[".repeat(60_000))), None);
        assert_eq!(fields(&format!("---\n{}---\n", "a: b\n".repeat(60_000))), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(---\n|\\.\\.\\.\n|[a-c]: |- |\\[|\\]|\\{|\\}|\"|'|\\||>|&a |\\*a|!x |\n|  |#|%|é|\\PC){0,40}") {
            let text = format!("---\n{text}\n---\nend");
            if let Some(front_matter) = FrontMatter::of(&text) {
                prop_assert!(text.is_char_boundary(front_matter.end));
            }
        }
    }
}
