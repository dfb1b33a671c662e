//! Parses filters.

use std::str::FromStr;

use super::condition::{Field, Filter, Literal, Meaning, Operator};
use super::{FilterError, FilterProblem};

const QUOTES: [char; 2] = ['"', '\''];
const OPERATOR_SIGNS: [char; 5] = ['=', '!', '<', '>', '~'];

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(filter: &str) -> Result<Self, FilterError> {
        let mut cursor = Cursor { filter, place: 0 };
        let field = field(&mut cursor)?;
        let operator = operator(&mut cursor)?;
        let value_place = cursor.skip_space();
        let value = value(&mut cursor)?;
        let after_value = cursor.skip_space();
        if !cursor.rest().is_empty() {
            return Err(cursor.error(after_value, FilterProblem::TextAfterValue));
        }
        match (&field, &value.meaning) {
            (Field::Source, Meaning::Number(_)) if operator.is_ordering() => {
                Err(cursor.error(value_place, FilterProblem::TextOrderedByNumber { field: "source" }))
            }
            (Field::Id, Meaning::Number(_)) if operator.is_ordering() => {
                Err(cursor.error(value_place, FilterProblem::TextOrderedByNumber { field: "id" }))
            }
            _ => Ok(Self { field, operator, value }),
        }
    }
}

fn field(cursor: &mut Cursor<'_>) -> Result<Field, FilterError> {
    let start = cursor.skip_space();
    if cursor.peek().is_none_or(|sign| OPERATOR_SIGNS.contains(&sign)) {
        return Err(cursor.error(start, FilterProblem::MissingField));
    }
    let mut steps = vec![step(cursor)?];
    while cursor.peek() == Some('.') {
        cursor.advance('.');
        steps.push(step(cursor)?);
    }
    // As typed: a quoted name is a field of the metadata.
    Ok(match &cursor.filter[start..cursor.place] {
        "source" => Field::Source,
        "id" => Field::Id,
        _ => Field::Metadata(steps),
    })
}

fn step(cursor: &mut Cursor<'_>) -> Result<String, FilterError> {
    if let Some(quoted) = quoted(cursor)? {
        return Ok(quoted);
    }
    let ends_step = |sign: char| {
        sign.is_whitespace() || sign == '.' || QUOTES.contains(&sign) || OPERATOR_SIGNS.contains(&sign)
    };
    let name = cursor.take_while(|sign| !ends_step(sign));
    if name.is_empty() {
        return Err(cursor.error(cursor.place, FilterProblem::MissingStep));
    }
    Ok(name.to_owned())
}

fn operator(cursor: &mut Cursor<'_>) -> Result<Operator, FilterError> {
    let start = cursor.skip_space();
    let found = cursor.take_while(|sign| OPERATOR_SIGNS.contains(&sign));
    let problem = match Operator::ALL.into_iter().find(|operator| operator.symbol() == found) {
        Some(operator) => return Ok(operator),
        None if !found.is_empty() => FilterProblem::UnknownOperator { found: found.to_owned() },
        None if cursor.rest().is_empty() => FilterProblem::MissingOperator,
        None => FilterProblem::TextAfterField,
    };
    Err(cursor.error(start, problem))
}

fn value(cursor: &mut Cursor<'_>) -> Result<Literal, FilterError> {
    if let Some(quoted) = quoted(cursor)? {
        return Ok(Literal::quoted(quoted));
    }
    let word = cursor.take_while(|sign| !sign.is_whitespace());
    if word.is_empty() {
        return Err(cursor.error(cursor.place, FilterProblem::MissingValue));
    }
    Ok(Literal::bare(word.to_owned()))
}

/// The text within quotes, if a quote is next. A backslash before any other character is literal.
fn quoted(cursor: &mut Cursor<'_>) -> Result<Option<String>, FilterError> {
    let start = cursor.place;
    let Some(quote) = cursor.peek().filter(|sign| QUOTES.contains(sign)) else { return Ok(None) };
    cursor.advance(quote);
    let mut text = String::new();
    while let Some(sign) = cursor.peek() {
        cursor.advance(sign);
        let escaped = cursor.peek().filter(|next| *next == '\\' || QUOTES.contains(next));
        match (sign, escaped) {
            (sign, _) if sign == quote => return Ok(Some(text)),
            ('\\', Some(next)) => {
                cursor.advance(next);
                text.push(next);
            }
            (sign, _) => text.push(sign),
        }
    }
    Err(cursor.error(start, FilterProblem::UnclosedQuote))
}

/// A position in a filter.
struct Cursor<'a> {
    filter: &'a str,
    /// In bytes, between characters.
    place: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.filter[self.place..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self, sign: char) {
        self.place += sign.len_utf8();
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|sign| !accepts(sign)).unwrap_or(rest.len())];
        self.place += taken.len();
        taken
    }

    /// Moves past white space and returns the position of its end.
    fn skip_space(&mut self) -> usize {
        self.take_while(char::is_whitespace);
        self.place
    }

    fn error(&self, place: usize, problem: FilterProblem) -> FilterError {
        let column = self.filter[..place].chars().count() + 1;
        FilterError { filter: self.filter.to_owned(), column, problem }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metadata(steps: &[&str]) -> Field {
        Field::Metadata(steps.iter().map(|&step| step.to_owned()).collect())
    }

    #[test]
    fn filters_are_parsed() {
        let bare = |text: &str| Literal::bare(text.to_owned());
        let quoted = |text: &str| Literal::quoted(text.to_owned());
        for (text, field, operator, value) in [
            ("year >= 2020", metadata(&["year"]), Operator::GreaterOrEqual, bare("2020")),
            ("year>=2020", metadata(&["year"]), Operator::GreaterOrEqual, bare("2020")),
            (" lang=en ", metadata(&["lang"]), Operator::Equal, bare("en")),
            ("lang != \"\"", metadata(&["lang"]), Operator::NotEqual, quoted("")),
            ("a.b.c < -1", metadata(&["a", "b", "c"]), Operator::Less, bare("-1")),
            ("a.\"b.c\" > 1", metadata(&["a", "b.c"]), Operator::Greater, bare("1")),
            ("'two words' ~ 'it'", metadata(&["two words"]), Operator::Contains, quoted("it")),
            (r#"t = "a \"b\" \\ \n""#, metadata(&["t"]), Operator::Equal, quoted(r#"a "b" \ \n"#)),
            ("t = it's", metadata(&["t"]), Operator::Equal, bare("it's")),
            ("source ~ notes", Field::Source, Operator::Contains, bare("notes")),
            ("id = 17", Field::Id, Operator::Equal, bare("17")),
            ("\"source\" = x", metadata(&["source"]), Operator::Equal, bare("x")),
            ("source.id = x", metadata(&["source", "id"]), Operator::Equal, bare("x")),
        ] {
            assert_eq!(text.parse::<Filter>(), Ok(Filter { field, operator, value }), "{text}");
        }
    }

    #[test]
    fn errors_point_at_the_fault() {
        let unknown = |found: &str| FilterProblem::UnknownOperator { found: found.to_owned() };
        for (text, column, problem) in [
            ("", 1, FilterProblem::MissingField),
            ("  >= 3", 3, FilterProblem::MissingField),
            ("a. = 3", 3, FilterProblem::MissingStep),
            (".a = 3", 1, FilterProblem::MissingStep),
            ("jahr", 5, FilterProblem::MissingOperator),
            ("two words = 3", 5, FilterProblem::TextAfterField),
            ("é == 3", 3, unknown("==")),
            ("a =~ 3", 3, unknown("=~")),
            ("a ! 3", 3, unknown("!")),
            ("a = ", 5, FilterProblem::MissingValue),
            ("a = \"b", 5, FilterProblem::UnclosedQuote),
            ("a = b c", 7, FilterProblem::TextAfterValue),
            ("a = \"b\"c", 8, FilterProblem::TextAfterValue),
            ("id > 5", 6, FilterProblem::TextOrderedByNumber { field: "id" }),
        ] {
            let error = text.parse::<Filter>().expect_err(text);
            assert_eq!((error.column, &error.problem), (column, &problem), "{text}");
        }
    }

    #[test]
    fn the_pointer_is_beneath_the_fault() {
        let error = "two words = 3".parse::<Filter>().unwrap_err();
        assert_eq!(error.pointer(), "two words = 3\n    ^");
        assert_eq!(
            error.to_string(),
            "filter \"two words = 3\", column 5: an operator is expected here; put quotes around a name with spaces"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter_or_an_error_within_it(text in "([a-z.=<>!~\"'\\\\ ]|\\PC){0,20}") {
            if let Err(error) = text.parse::<Filter>() {
                prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
            }
        }

        #[test]
        fn any_value_can_be_quoted(value in "\\PC{0,20}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let filter: Filter = format!("a = \"{quoted}\"").parse().expect("a quoted value is a value");
            prop_assert_eq!(filter.value, Literal::quoted(value));
        }
    }
}
