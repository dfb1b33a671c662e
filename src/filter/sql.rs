//! Filters as conditions over the columns of the catalog. Text from the user is always bound as a parameter.

use serde_json::Value;

use super::condition::{Field, Filter, FilterNumber, Filters, Literal, Meaning, Operator};

/// The SQL expressions of the fields that a filter can test. They become part of the condition verbatim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// A text: the source of the document.
    pub source: &'static str,
    /// A text: its key within the source.
    pub id: &'static str,
    /// JSON text, or NULL.
    pub metadata: &'static str,
}

/// A condition for a `WHERE` clause, 0 or 1 for every row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SqlCondition {
    /// The condition, with a `?` for each parameter.
    pub text: String,
    /// The values to bind, in order.
    pub parameters: Vec<SqlParameter>,
}

/// A value to bind.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlParameter {
    /// TEXT.
    Text(String),
    /// INTEGER.
    Integer(i64),
    /// REAL.
    Real(f64),
}

impl Filters {
    /// The filters on the source, and the others: a catalog stores sources in another form than users see, so only its
    /// reader can evaluate the filters on the source.
    #[must_use]
    pub fn split_by_source(&self) -> (Self, Self) {
        let (of_source, others) =
            self.filters.iter().cloned().partition(|filter| filter.field == Field::Source);
        (Self { filters: of_source }, Self { filters: others })
    }

    /// The condition that all filters hold; `1` without any.
    #[must_use]
    pub fn to_sql(&self, columns: &Columns) -> SqlCondition {
        let mut condition = SqlCondition::default();
        for (index, filter) in self.filters.iter().enumerate() {
            condition.push(if index == 0 { "(" } else { " AND (" });
            condition.push_filter(filter, columns);
            condition.push(")");
        }
        if self.is_empty() {
            condition.push("1");
        }
        condition
    }
}

impl SqlCondition {
    fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    fn bind(&mut self, parameter: SqlParameter) {
        self.push("?");
        self.parameters.push(parameter);
    }

    fn bind_text(&mut self, text: &str) {
        self.bind(SqlParameter::Text(text.to_owned()));
    }

    fn push_filter(&mut self, filter: &Filter, columns: &Columns) {
        let Filter { field, operator, value } = filter;
        match field {
            Field::Source => self.push_text_test(columns.source, *operator, value),
            Field::Id => self.push_text_test(columns.id, *operator, value),
            Field::Metadata(steps) => {
                let metadata_field = JsonField { column: columns.metadata, path: json_path(steps) };
                match operator {
                    Operator::Contains => self.push_containment(&metadata_field, value),
                    Operator::Present => {
                        self.push_json_call("json_type", &metadata_field);
                        self.push(" IS NOT NULL");
                    }
                    Operator::NotEqual => {
                        self.push("NOT ");
                        self.push_comparison(&metadata_field, Operator::Equal, value);
                    }
                    comparison => self.push_comparison(&metadata_field, *comparison, value),
                }
            }
        }
    }

    fn push_text_test(&mut self, column: &str, operator: Operator, value: &Literal) {
        match operator {
            Operator::Contains => {
                self.push("instr(");
                self.push(column);
                self.push(", ");
                self.bind_text(&value.text);
                self.push(") > 0");
            }
            Operator::Present => self.push("1"),
            comparison => {
                self.push(column);
                self.push(comparison.symbol());
                self.bind_text(&value.text);
            }
        }
    }

    /// Compares by the type of the value in the JSON: `json_extract` returns booleans as integers.
    fn push_comparison(&mut self, field: &JsonField, operator: Operator, value: &Literal) {
        self.push("CASE ");
        self.push_json_call("json_type", field);
        if operator == Operator::Equal || value.meaning == Meaning::Text {
            self.push(" WHEN 'text' THEN ");
            self.push_json_call("json_extract", field);
            self.push(operator.symbol());
            self.bind_text(&value.text);
        }
        match value.meaning {
            Meaning::Number(number) => {
                for number_type in [" WHEN 'integer' THEN ", " WHEN 'real' THEN "] {
                    self.push(number_type);
                    self.push_json_call("json_extract", field);
                    self.push(operator.symbol());
                    self.bind(number.into());
                }
            }
            Meaning::Boolean(boolean) if operator == Operator::Equal => {
                self.push(if boolean { " WHEN 'true' THEN 1" } else { " WHEN 'false' THEN 1" });
            }
            Meaning::Boolean(_) | Meaning::Text => {}
        }
        // SQLite has no CASE without WHEN.
        self.push(" WHEN 'null' THEN 0 ELSE 0 END");
    }

    fn push_containment(&mut self, field: &JsonField, value: &Literal) {
        self.push("CASE ");
        self.push_json_call("json_type", field);
        self.push(" WHEN 'text' THEN instr(");
        self.push_json_call("json_extract", field);
        self.push(", ");
        self.bind_text(&value.text);
        self.push(") > 0 WHEN 'array' THEN EXISTS (SELECT 1 FROM ");
        self.push_json_call("json_each", field);
        self.push(" AS element WHERE CASE element.type WHEN 'text' THEN element.value = ");
        self.bind_text(&value.text);
        match value.meaning {
            Meaning::Number(number) => {
                for number_type in [" WHEN 'integer'", " WHEN 'real'"] {
                    self.push(number_type);
                    self.push(" THEN element.value = ");
                    self.bind(number.into());
                }
            }
            Meaning::Boolean(true) => self.push(" WHEN 'true' THEN 1"),
            Meaning::Boolean(false) => self.push(" WHEN 'false' THEN 1"),
            Meaning::Text => {}
        }
        self.push(" ELSE 0 END) ELSE 0 END");
    }

    fn push_json_call(&mut self, function: &str, field: &JsonField) {
        self.push(function);
        self.push("(");
        self.push(field.column);
        self.push(", ");
        self.bind_text(&field.path);
        self.push(")");
    }
}

/// The path of a value within a column of JSON.
struct JsonField {
    column: &'static str,
    /// As the JSON functions of `SQLite` read it.
    path: String,
}

/// A path as `SQLite` reads it: every name in quotes and escaped as in JSON. A quote in a name is written as `\u0022`,
/// since a name ends at the next quote. A name with a NUL character, at which it would end, too, finds nothing.
fn json_path(steps: &[String]) -> String {
    if steps.iter().any(|step| step.contains('\0')) {
        // Metadata is an object: this finds nothing.
        return "$[0]".to_owned();
    }
    steps.iter().fold("$".to_owned(), |path, step| {
        let name = Value::from(step.as_str()).to_string();
        let inner = name[1..name.len() - 1].replace("\\\"", "\\u0022");
        format!("{path}.\"{inner}\"")
    })
}

impl From<FilterNumber> for SqlParameter {
    fn from(number: FilterNumber) -> Self {
        match number {
            FilterNumber::Integer(integer) => Self::Integer(integer),
            FilterNumber::Float(float) => Self::Real(float),
        }
    }
}
