//! An index as a Parquet table, for DuckDB, Polars and vector databases.
//!
//! | column | type |
//! | --- | --- |
//! | `id`, `source`, `document`, `text` | string |
//! | `line`, `end_line` | 64-bit unsigned integer, null where there is none |
//! | `metadata` | string of JSON, null where there is none |
//! | `embedding` | list of float32 of the dimension of the index |

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::error::ExportError;
use super::passages::ExportedPassages;
use crate::corpus::LocatedPassage;
use crate::vectors::Dimension;

/// Bytes of vectors in a row group, which is held in memory until it is written.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// The number of passages to convert to columns at a time.
const BATCH_ROWS: usize = 1024;

const EMBEDDING: &str = "embedding";

/// Writes every passage; errors name the output `name`.
pub(super) fn write(
    passages: &ExportedPassages<'_>,
    output: &mut (dyn Write + Send),
    name: &Path,
) -> Result<(), ExportError> {
    let failed = |source| ExportError::Parquet { path: name.to_owned(), source };
    let dimension = passages.content.settings().dimension();
    let schema = Arc::new(schema(dimension));
    let mut writer =
        ArrowWriter::try_new(output, Arc::clone(&schema), Some(properties(dimension))).map_err(failed)?;
    let mut columns = Columns::new(dimension);
    passages.for_each(|located, embedding| {
        columns.add(located, embedding);
        if columns.rows < BATCH_ROWS {
            return Ok(());
        }
        columns.write(&schema, &mut writer).map_err(failed)
    })?;
    columns.write(&schema, &mut writer).map_err(failed)?;
    writer.close().map(drop).map_err(failed)
}

fn schema(dimension: Dimension) -> Schema {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    let number = |name| Field::new(name, DataType::UInt64, true);
    Schema::new(vec![
        text("id", false),
        text("source", false),
        text("document", false),
        number("line"),
        number("end_line"),
        text("text", false),
        text("metadata", true),
        Field::new(EMBEDDING, DataType::FixedSizeList(component(), width(dimension)), false),
    ])
}

fn component() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Float32, false))
}

fn width(dimension: Dimension) -> i32 {
    i32::try_from(dimension.get()).expect("a dimension is far below 2^31")
}

/// Without compression and dictionaries for the components: they repeat too rarely for either.
fn properties(dimension: Dimension) -> WriterProperties {
    let component = ColumnPath::from(vec![EMBEDDING.to_owned(), "list".to_owned(), "element".to_owned()]);
    let rows = (ROW_GROUP_BYTES / (4 * dimension.get())).max(1);
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows))
        .set_column_dictionary_enabled(component, false)
        .build()
}

/// Rows to be written.
struct Columns {
    rows: usize,
    id: StringBuilder,
    source: StringBuilder,
    document: StringBuilder,
    line: UInt64Builder,
    end_line: UInt64Builder,
    text: StringBuilder,
    metadata: StringBuilder,
    embedding: FixedSizeListBuilder<Float32Builder>,
}

impl Columns {
    fn new(dimension: Dimension) -> Self {
        let embedding = FixedSizeListBuilder::new(Float32Builder::new(), width(dimension));
        Self {
            rows: 0,
            id: StringBuilder::new(),
            source: StringBuilder::new(),
            document: StringBuilder::new(),
            line: UInt64Builder::new(),
            end_line: UInt64Builder::new(),
            text: StringBuilder::new(),
            metadata: StringBuilder::new(),
            embedding: embedding.with_field(component()),
        }
    }

    fn add(&mut self, located: &LocatedPassage, embedding: &[f32]) {
        let (line, end_line) = located.passage.lines.unzip();
        let metadata = located.metadata.as_ref().map(|fields| {
            serde_json::to_string(fields).expect("a map of JSON values with names for keys is JSON")
        });
        self.rows += 1;
        self.id.append_value(located.id());
        self.source.append_value(&located.source);
        self.document.append_value(located.document_id());
        self.line.append_option(line);
        self.end_line.append_option(end_line);
        self.text.append_value(&located.passage.text);
        self.metadata.append_option(metadata);
        self.embedding.values().append_slice(embedding);
        self.embedding.append(true);
    }

    /// Writes the buffered rows and clears them.
    fn write<W: Write + Send>(
        &mut self,
        schema: &Arc<Schema>,
        writer: &mut ArrowWriter<W>,
    ) -> Result<(), ParquetError> {
        self.rows = 0;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.document.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.end_line.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.metadata.finish()),
            Arc::new(self.embedding.finish()),
        ];
        writer.write(&RecordBatch::try_new(Arc::clone(schema), columns)?)
    }
}
