//! JSON for programs: the one place that writes its punctuation.

use std::io::{self, Write};

use serde::Serialize;

/// Writes `value` and ends the line.
pub(crate) fn write_line(output: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, value)?;
    writeln!(output)
}

/// Writes an object field by field.
pub(crate) struct JsonObject<'a> {
    output: &'a mut dyn Write,
    is_empty: bool,
}

impl<'a> JsonObject<'a> {
    pub(crate) fn begin(output: &'a mut dyn Write) -> io::Result<Self> {
        write!(output, "{{")?;
        Ok(Self { output, is_empty: true })
    }

    pub(crate) fn field(&mut self, name: &str, value: &impl Serialize) -> io::Result<&mut Self> {
        self.name(name)?;
        serde_json::to_writer(&mut *self.output, value)?;
        Ok(self)
    }

    /// The last field, a list whose items are written one by one.
    pub(crate) fn list(mut self, name: &str) -> io::Result<JsonList<'a>> {
        self.name(name)?;
        write!(self.output, "[")?;
        Ok(JsonList { output: self.output, is_empty: true })
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        if !std::mem::take(&mut self.is_empty) {
            write!(self.output, ",")?;
        }
        serde_json::to_writer(&mut *self.output, name)?;
        write!(self.output, ":")
    }
}

/// The list at the end of an object.
pub(crate) struct JsonList<'a> {
    output: &'a mut dyn Write,
    is_empty: bool,
}

impl JsonList<'_> {
    pub(crate) fn item(&mut self, value: &impl Serialize) -> io::Result<()> {
        if !std::mem::take(&mut self.is_empty) {
            write!(self.output, ",")?;
        }
        Ok(serde_json::to_writer(&mut *self.output, value)?)
    }

    /// Closes the list and the object, and ends the line.
    pub(crate) fn end(self) -> io::Result<()> {
        writeln!(self.output, "]}}")?;
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &[(&str, &str)], items: &[f32]) -> String {
        let mut output = Vec::new();
        let mut object = JsonObject::begin(&mut output).unwrap();
        for (name, value) in fields {
            object.field(name, value).unwrap();
        }
        let mut list = object.list("results").unwrap();
        for item in items {
            list.item(item).unwrap();
        }
        list.end().unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_document_is_written_with_any_number_of_fields_and_items() {
        assert_eq!(written(&[], &[]), "{\"results\":[]}\n");
        assert_eq!(written(&[("model", "a}")], &[0.1]), "{\"model\":\"a}\",\"results\":[0.1]}\n");
        assert_eq!(
            written(&[("a", "\n"), ("b", "\"")], &[1.0, 2.0]),
            "{\"a\":\"\\n\",\"b\":\"\\\"\",\"results\":[1.0,2.0]}\n"
        );
    }
}
