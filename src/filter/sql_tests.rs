//! The catalog and memory agree for any filter and any metadata.

use proptest::prelude::*;
use rusqlite::{Connection, params, params_from_iter};
use serde_json::{Map, Value, json};

use super::condition::{Field, Filter, Filters, Literal, Operator};
use super::{Columns, SqlCondition, Subject};

const COLUMNS: Columns =
    Columns { source: "sources.path", id: "documents.key", metadata: "documents.metadata" };

fn catalog() -> Connection {
    let catalog = Connection::open_in_memory().expect("memory is a database");
    catalog
        .execute_batch(
            "CREATE TABLE sources (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
             CREATE TABLE documents (id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, key TEXT NOT NULL,
                                     line INTEGER, metadata TEXT);",
        )
        .expect("the tables are new");
    catalog
}

fn is_found(catalog: &Connection, filters: &Filters, subject: Subject<'_>) -> bool {
    let metadata = subject.metadata.map(|metadata| Value::Object(metadata.clone()).to_string());
    catalog.execute("DELETE FROM sources", []).unwrap();
    catalog.execute("DELETE FROM documents", []).unwrap();
    catalog.execute("INSERT INTO sources VALUES (1, ?)", params![subject.source]).unwrap();
    catalog.execute("INSERT INTO documents VALUES (1, 1, ?, 1, ?)", params![subject.id, metadata]).unwrap();
    let SqlCondition { text, parameters } = filters.to_sql(&COLUMNS);
    let query = format!(
        "SELECT count(*) FROM documents JOIN sources ON sources.id = documents.source_id WHERE {text}"
    );
    let found: i64 = catalog
        .query_row(&query, params_from_iter(parameters), |row| row.get(0))
        .expect("the condition is one that SQLite understands");
    found == 1
}

#[test]
fn a_condition_has_no_text_of_the_user() {
    let filters: Filters = ["\"x'; DROP\" = \"y'; DROP\"", "source ~ zzz"]
        .iter()
        .map(|text| text.parse::<Filter>().expect(text))
        .collect();
    let SqlCondition { text, parameters } = filters.to_sql(&COLUMNS);
    assert!(!text.contains("DROP") && !text.contains("zzz"), "{text}");
    assert_eq!(text.matches('?').count(), parameters.len());
    assert_eq!(Filters::default().to_sql(&COLUMNS).text, "1");
}

#[test]
fn odd_names_are_found() {
    let catalog = catalog();
    for name in
        ["", "a.b", "a\"b", "a\\b", "\\\"", "$", "[0]", "é", "\u{1}", "a'b", "\u{1F600}", "a\nb", "#-1"]
    {
        let metadata = json!({"x": {name: 1}, name: 2});
        let subject = Subject { source: "a", id: "1", metadata: metadata.as_object() };
        for (steps, wanted) in [(vec![name], "2"), (vec!["x", name], "1")] {
            let field = Field::Metadata(steps.into_iter().map(str::to_owned).collect());
            let filter = Filter { field, operator: Operator::Equal, value: Literal::bare(wanted.to_owned()) };
            assert!(filter.matches(subject), "{name:?}");
            assert!(is_found(&catalog, &Filters::from_iter([filter]), subject), "{name:?}");
        }
    }
}

#[test]
fn a_name_with_a_nul_character_finds_nothing() {
    let catalog = catalog();
    let metadata = json!({"a": 1, "a\0": 1, "x": {"a": 1, "a\0b": 1}});
    let subject = Subject { source: "a", id: "1", metadata: metadata.as_object() };
    for (filter, is_match) in
        [("a\0 = 1", false), ("a\0 != 1", true), ("x.a\0b = 1", false), ("x.\0 = 1", false)]
    {
        let filters = Filters::from_iter([filter.parse().expect("a filter")]);
        assert_eq!(filters.matches(subject), is_match, "{filter:?}");
        assert_eq!(is_found(&catalog, &filters, subject), is_match, "{filter:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab0-9é\"\\\\]{0,3}", Just("true".to_owned()), Just("2020".to_owned()), any::<String>()]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]", Just("a.b".to_owned()), Just("q\"\\".to_owned()), Just(String::new())]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-8i32..8).prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    let value = scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    prop::collection::vec((name(), value), 0..4).prop_map(|fields| fields.into_iter().collect())
}

/// A literal of any kind, often a value that the metadata may have.
fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text().prop_map(Literal::quoted),
        scalar().prop_map(|value| match value {
            Value::String(text) => Literal::bare(text),
            other => Literal::bare(other.to_string()),
        }),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let field = prop_oneof![
        1 => Just(Field::Source),
        1 => Just(Field::Id),
        8 => prop::collection::vec(name(), 1..3).prop_map(Field::Metadata),
    ];
    let operator = prop::sample::select([Operator::ALL.as_slice(), &[Operator::Present]].concat());
    (field, operator, literal()).prop_map(|(field, operator, value)| Filter { field, operator, value })
}

fn agree(filters: &Filters, subject: Subject<'_>) -> Result<(), TestCaseError> {
    thread_local! {
        static CATALOG: Connection = catalog();
    }
    let found = CATALOG.with(|catalog| is_found(catalog, filters, subject));
    prop_assert_eq!(found, filters.matches(subject), "{:?}", filters);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_catalog_agrees_with_memory(
        metadata in prop::option::of(object()),
        filters in prop::collection::vec(filter(), 0..3),
        source in text(),
        id in text(),
    ) {
        let filters: Filters = filters.into_iter().collect();
        agree(&filters, Subject { source: &source, id: &id, metadata: metadata.as_ref() })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_value_compared_with_itself_is_the_same_in_both(
        value in scalar(),
        others in prop::collection::vec(scalar(), 0..2),
    ) {
        let bare = match &value {
            Value::String(text) => Literal::bare(text.clone()),
            other => Literal::bare(other.to_string()),
        };
        let array: Vec<Value> = others.into_iter().chain([value.clone()]).collect();
        let metadata = json!({"a": value, "b": array});
        let subject = Subject { source: "a", id: "1", metadata: metadata.as_object() };
        let cases = Operator::ALL.into_iter().flat_map(|operator| [("a", operator), ("b", operator)]);
        for (name, operator) in cases {
            for value in [bare.clone(), Literal::quoted(bare.text.clone())] {
                let field = Field::Metadata(vec![name.to_owned()]);
                agree(&Filters::from_iter([Filter { field, operator, value }]), subject)?;
            }
        }
    }
}
