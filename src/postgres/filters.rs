//! Filters as conditions over the tables. Text from the user is always bound as a parameter.

use postgres::types::ToSql;

use super::batch::storable;
use crate::filter::{Field, Filter, FilterNumber, Filters, Literal, Meaning, Operator};

/// A condition for a `WHERE` clause over `documents`, true or false for every row.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub(super) text: String,
    parameters: Vec<Parameter>,
}

/// A value to bind, by the type that the condition gives it.
#[derive(Debug)]
enum Parameter {
    Text(String),
    Float(f64),
}

impl Condition {
    /// The condition that all of `filters` hold, none of which is on the source. Its parameters follow the first `bound`.
    pub(super) fn of(filters: &Filters, bound: usize) -> Self {
        let mut condition = Self::default();
        condition.push("true");
        for filter in filters.iter() {
            condition.push(" AND ");
            condition.push_filter(filter, bound);
        }
        condition
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &(dyn ToSql + Sync)> {
        self.parameters.iter().map(|parameter| match parameter {
            Parameter::Text(text) => text as &(dyn ToSql + Sync),
            Parameter::Float(float) => float,
        })
    }

    fn push(&mut self, sql: &str) {
        self.text.push_str(sql);
    }

    fn bind(&mut self, parameter: Parameter, bound: usize) {
        self.parameters.push(parameter);
        let number = bound + self.parameters.len();
        self.push(&format!("${number}"));
    }

    /// Binds a text that the condition names later, by the number that is returned.
    fn parameter(&mut self, text: String, bound: usize) -> usize {
        self.parameters.push(Parameter::Text(text));
        bound + self.parameters.len()
    }

    fn push_filter(&mut self, filter: &Filter, bound: usize) {
        let (operator, value) = (filter.operator(), filter.value());
        match filter.field() {
            Field::Source => unreachable!("filters on the source are evaluated on names"),
            Field::Id => self.push_text_test("documents.key COLLATE \"C\"", operator, value, bound),
            Field::Metadata(steps) => self.push_metadata_test(steps, operator, value, bound),
        }
    }

    fn push_text_test(&mut self, expression: &str, operator: Operator, value: &Literal, bound: usize) {
        if operator == Operator::Present {
            return self.push("true");
        }
        if operator == Operator::Contains {
            self.push(&format!("strpos({expression}, "));
            self.bind(Parameter::Text(storable(&value.text)), bound);
            return self.push("::text) > 0");
        }
        self.push(&format!("{expression} {} ", operator.symbol()));
        self.bind(Parameter::Text(storable(&value.text)), bound);
        self.push("::text COLLATE \"C\"");
    }

    fn push_metadata_test(&mut self, steps: &[String], operator: Operator, value: &Literal, bound: usize) {
        self.push("(SELECT ");
        // Bound first: the expression comes after the test of its value.
        let numbers: Vec<usize> = steps.iter().map(|step| self.parameter(storable(step), bound)).collect();
        match operator {
            Operator::Present => self.push("found.value IS NOT NULL"),
            Operator::Contains => self.push_containment(value, bound),
            Operator::NotEqual => {
                self.push("NOT ");
                self.push_comparison("found.value", Operator::Equal, value, bound);
            }
            comparison => self.push_comparison("found.value", comparison, value, bound),
        }
        // The operator with a text finds names in objects alone, as a filter means it.
        let value = numbers
            .iter()
            .fold("documents.metadata".to_owned(), |value, number| format!("({value} -> ${number}::text)"));
        self.push(&format!(" FROM (SELECT {value} AS value) AS found)"));
    }

    /// Compares by the type of the value in the JSON.
    fn push_comparison(&mut self, json: &str, operator: Operator, value: &Literal, bound: usize) {
        self.push(&format!("coalesce(CASE jsonb_typeof({json})"));
        if operator == Operator::Equal || value.meaning == Meaning::Text {
            self.push(" WHEN 'string' THEN ");
            self.push_text_test(&format!("({json} #>> '{{}}') COLLATE \"C\""), operator, value, bound);
        }
        match value.meaning {
            Meaning::Number(number) => {
                self.push(" WHEN 'number' THEN ");
                self.push_number_test(json, operator, number, bound);
            }
            Meaning::Boolean(boolean) if operator == Operator::Equal => {
                self.push(&format!(" WHEN 'boolean' THEN {json} = '{boolean}'"));
            }
            Meaning::Boolean(_) | Meaning::Text => {}
        }
        // There is no CASE without WHEN.
        self.push(" WHEN 'null' THEN false ELSE false END, false)");
    }

    /// Integers of 64 bits are compared exactly, others as floats.
    fn push_number_test(&mut self, json: &str, operator: Operator, number: FilterNumber, bound: usize) {
        let symbol = operator.symbol();
        let (decimal, float) = match number {
            FilterNumber::Integer(integer) => (integer.to_string(), integer as f64),
            FilterNumber::Float(float) => (decimal(float), float),
        };
        self.push(&format!(
            "CASE WHEN {json}::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
                  THEN {json}::numeric {symbol} "
        ));
        self.bind(Parameter::Text(decimal), bound);
        self.push(&format!("::text::numeric ELSE {json}::float8 {symbol} "));
        self.bind(Parameter::Float(float), bound);
        self.push("::float8 END");
    }

    fn push_containment(&mut self, value: &Literal, bound: usize) {
        self.push("coalesce(CASE jsonb_typeof(found.value) WHEN 'string' THEN ");
        self.push_text_test("(found.value #>> '{}')", Operator::Contains, value, bound);
        self.push(" WHEN 'array' THEN EXISTS (SELECT 1 FROM jsonb_array_elements(found.value) AS element (value) WHERE ");
        self.push_comparison("element.value", Operator::Equal, value, bound);
        self.push(") ELSE false END, false)");
    }
}

/// A float as digits: all of them for a whole number of 64 bits, else the fewest that read back.
fn decimal(float: f64) -> String {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.fract() == 0.0 && float.abs() <= LIMIT {
        #[expect(clippy::cast_possible_truncation, reason = "the number is whole and within the range")]
        let whole = float as i128;
        return whole.to_string();
    }
    float.to_string()
}
