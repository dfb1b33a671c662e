//! A filter, parsed.

use std::cmp::Ordering;

/// A condition on one field of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub(super) field: Field,
    pub(super) operator: Operator,
    pub(super) value: Literal,
}

/// Conditions that must all hold. Without any, every document matches.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filters {
    pub(super) filters: Vec<Filter>,
}

impl Filters {
    /// Whether there is no condition, so that every document matches.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// Each of them.
    #[cfg(feature = "postgres")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Filter> {
        self.filters.iter()
    }

    /// Those that a document without their field satisfies.
    #[must_use]
    pub fn satisfied_by_absence(&self) -> Self {
        self.filters.iter().filter(|filter| filter.operator == Operator::NotEqual).cloned().collect()
    }

    /// For each field of the metadata that is named, the filter that a document has it.
    #[must_use]
    pub fn presence(&self) -> Vec<Filter> {
        let mut found: Vec<Filter> = Vec::new();
        for Filter { field, .. } in &self.filters {
            let is_known = found.iter().any(|other| other.field == *field);
            if matches!(field, Field::Metadata(_)) && !is_known {
                let value = Literal::quoted(String::new());
                found.push(Filter { field: field.clone(), operator: Operator::Present, value });
            }
        }
        found
    }
}

#[cfg(feature = "postgres")]
impl Filter {
    pub(crate) const fn field(&self) -> &Field {
        &self.field
    }

    pub(crate) const fn operator(&self) -> Operator {
        self.operator
    }

    pub(crate) const fn value(&self) -> &Literal {
        &self.value
    }
}

impl Filter {
    /// The field that it tests, as a path.
    #[must_use]
    pub fn field_name(&self) -> String {
        match &self.field {
            Field::Source => "source".to_owned(),
            Field::Id => "id".to_owned(),
            Field::Metadata(steps) => steps.join("."),
        }
    }
}

impl FromIterator<Filter> for Filters {
    fn from_iter<I: IntoIterator<Item = Filter>>(filters: I) -> Self {
        Self { filters: filters.into_iter().collect() }
    }
}

/// The left side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Field {
    /// The source of the document.
    Source,
    /// The key of the document within its source.
    Id,
    /// The names that lead to a value of the metadata, at least one.
    Metadata(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    /// The field is there, whatever its value; nobody types it.
    Present,
}

impl Operator {
    /// Those that can be typed.
    pub(super) const ALL: [Self; 7] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Contains,
    ];

    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "~",
            Self::Present => "is present",
        }
    }

    /// Whether the operator compares by order.
    pub(super) const fn is_ordering(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }

    /// Whether a value that compares to the literal as `order` satisfies it. [`Operator::Contains`] and [`Operator::Present`]
    /// compare nothing.
    pub(super) const fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Contains | Self::Present => false,
        }
    }
}

/// The value in a filter, as typed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Literal {
    /// The characters, without quotes.
    pub(crate) text: String,
    pub(crate) meaning: Meaning,
}

/// The meaning of a value besides its text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Meaning {
    Text,
    Number(FilterNumber),
    Boolean(bool),
}

impl Literal {
    pub(super) const fn quoted(text: String) -> Self {
        Self { text, meaning: Meaning::Text }
    }

    pub(super) fn bare(text: String) -> Self {
        let meaning = match text.as_str() {
            "true" => Meaning::Boolean(true),
            "false" => Meaning::Boolean(false),
            word => serde_json::from_str(word)
                .ok()
                .and_then(|number| FilterNumber::new(&number))
                .map_or(Meaning::Text, Meaning::Number),
        };
        Self { text, meaning }
    }
}

/// A number as `SQLite` stores it: a signed 64-bit integer, else a float.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FilterNumber {
    Integer(i64),
    Float(f64),
}

impl FilterNumber {
    pub(super) fn new(number: &serde_json::Number) -> Option<Self> {
        number.as_i64().map(Self::Integer).or_else(|| number.as_f64().map(Self::Float))
    }

    /// Compares exactly, without rounding an integer to a float.
    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Integer(a), Self::Float(b)) => order_with_float(a, b),
            (Self::Float(a), Self::Integer(b)) => order_with_float(b, a).map(Ordering::reverse),
        }
    }
}

fn order_with_float(integer: i64, float: f64) -> Option<Ordering> {
    /// 2^63, which is not an `i64`; its negative is the smallest one.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= LIMIT {
        return Some(Ordering::Less);
    }
    if float < -LIMIT {
        return Some(Ordering::Greater);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked, and the fraction is looked at next"
    )]
    let whole = float.trunc() as i64;
    Some(integer.cmp(&whole).then_with(|| 0.0_f64.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_floats_compare_exactly() {
        for (integer, float, order) in [
            (1, 1.0, Ordering::Equal),
            (1, 1.5, Ordering::Less),
            (-1, -1.5, Ordering::Greater),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Ordering::Greater),
            (i64::MAX, 9_223_372_036_854_775_808.0, Ordering::Less),
            (i64::MIN, -9_223_372_036_854_775_808.0, Ordering::Equal),
            (i64::MIN, -1e300, Ordering::Greater),
        ] {
            let (integer, float) = (FilterNumber::Integer(integer), FilterNumber::Float(float));
            assert_eq!(integer.order(float), Some(order), "{integer:?} {float:?}");
            assert_eq!(float.order(integer), Some(order.reverse()), "{integer:?} {float:?}");
        }
    }

    #[test]
    fn a_bare_word_is_what_it_looks_like() {
        for (word, meaning) in [
            ("2020", Meaning::Number(FilterNumber::Integer(2020))),
            ("-1.5e3", Meaning::Number(FilterNumber::Float(-1500.0))),
            ("true", Meaning::Boolean(true)),
            ("007", Meaning::Text),
            ("True", Meaning::Text),
            ("NaN", Meaning::Text),
            ("null", Meaning::Text),
            ("2020-01-01", Meaning::Text),
        ] {
            assert_eq!(Literal::bare(word.to_owned()).meaning, meaning, "{word}");
        }
    }
}
