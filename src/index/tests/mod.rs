//! Tests of the index as its users see it: through [`Writer`] and [`Reader`], on a real disk.

mod content;
mod crash;
mod damage;
mod model;
mod repair;
mod sharing;
mod versions;
mod words;

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::corpus::{Document, LocatedPassage, Passage};
use crate::embedding::{Identity, ModelDescription};
use crate::vectors::{Dimension, RowId, UnitVectors};

pub(super) const WIDTH: usize = 4;

/// A folder that holds an index folder.
pub(super) struct Home {
    folder: TempDir,
}

impl Home {
    /// A folder without an index.
    pub(super) fn empty() -> Self {
        Self { folder: TempDir::new().expect("the system has a folder for temporary files") }
    }

    /// A folder with an index without content.
    pub(super) fn with_index() -> Self {
        let home = Self::empty();
        Writer::create(&home.index(), &settings()).unwrap().close().unwrap();
        home
    }

    /// A folder with an index of one source, `a.txt`.
    pub(super) fn with_lines(lines: &[&str]) -> Self {
        let home = Self::with_index();
        let mut writer = home.writer();
        put(&mut writer, "a.txt", lines);
        writer.close().unwrap();
        home
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn index(&self) -> PathBuf {
        self.path().join(FOLDER_NAME)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.index().join(name)
    }

    /// What is wrong with the index.
    pub(super) fn faults(&self) -> Vec<Damage> {
        verify(&self.index()).unwrap().into_iter().map(|fault| fault.what).collect()
    }

    pub(super) fn assert_whole(&self) {
        assert_eq!(self.faults(), []);
    }

    pub(super) fn writer(&self) -> Writer {
        Writer::open(&self.index()).unwrap()
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.index()).unwrap()
    }
}

pub(super) fn settings() -> Settings {
    Settings::new(ModelDescription {
        name: "tiny".to_owned(),
        identity: Identity::parse("00ff"),
        dimension: Dimension::new(WIDTH).unwrap(),
        kept_dimensions: None,
        pooling: "mean".to_owned(),
        query_prefix: "query: ".to_owned(),
        document_prefix: String::new(),
        max_tokens: 512,
        encoder_precision: "int8".to_owned(),
    })
}

/// Changes a byte of a file of the index.
pub(super) fn flip(home: &Home, name: &str, at: usize) {
    let mut file = OpenOptions::new().read(true).write(true).open(home.file(name)).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at as u64)).unwrap();
    file.write_all(&[byte[0] ^ 0x51]).unwrap();
}

/// Changes the catalog behind the back of the index.
pub(super) fn change_catalog(home: &Home, statements: &str) {
    rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap().execute_batch(statements).unwrap();
}

/// Changes the catalog and makes the checksums of its rows match, as a program that means harm would.
pub(super) fn forge_catalog(home: &Home, statements: &str) {
    let connection = rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap();
    row_checksum::define_row_checksum(&connection).unwrap();
    connection.execute_batch(statements).unwrap();
    for table in record_checksums::CHECKED_TABLES {
        let statement = format!("UPDATE {} SET checksum = {}", table.name, table.expected());
        connection.execute_batch(&statement).unwrap();
    }
}

/// A stand-in for the model: a direction that the text alone decides.
pub(super) fn embed(text: &str) -> Vec<f32> {
    let hash = TextHash::of(text);
    let components: Vec<f32> = hash.as_bytes()[..WIDTH].iter().map(|&byte| 1.0 + f32::from(byte)).collect();
    let mut row = UnitVectors::new(Dimension::new(WIDTH).unwrap());
    row.push(&components).unwrap();
    row.as_slice().to_vec()
}

pub(super) fn path(name: &str) -> StoredPath {
    StoredPath::as_spelled(Path::new(name), Path::new("/root"), Path::new("/root")).unwrap()
}

pub(super) fn new_source(name: &str) -> NewSource {
    let version = SourceVersion {
        size: Some(12),
        modified_ns: Some(-5),
        changed_ns: Some(7),
        inode: Some(u64::MAX),
        content: Some(ContentHash([7; 32])),
    };
    NewSource { path: path(name), rule: json!({"split": "lines"}), version }
}

/// Begins a source and adds a document for each line, without finishing it.
pub(super) fn begin(writer: &mut Writer, name: &str, lines: &[&str]) -> SourceId {
    let source = writer.begin_source(&new_source(name)).unwrap();
    for (number, text) in (1..).zip(lines) {
        let passage = Passage {
            text: (*text).to_owned(),
            context: None,
            lines: Some((number, number)),
            bytes: Some((0, 9)),
        };
        let key = number.to_string();
        add(writer, source, &Document { key, line: Some(number), metadata: None, passages: vec![passage] })
            .unwrap();
    }
    source
}

/// A document of `texts` without lines.
pub(super) fn document(key: &str, texts: &[&str]) -> Document {
    let passage = |text: &&str| Passage { text: (*text).to_owned(), context: None, lines: None, bytes: None };
    let passages = texts.iter().map(passage).collect();
    Document { key: key.to_owned(), line: None, metadata: None, passages }
}

/// Adds a document with the vectors of its texts.
pub(super) fn add(writer: &mut Writer, source: SourceId, document: &Document) -> Result<(), Error> {
    let texts = || document.passages.iter().map(|passage| passage.text.as_str());
    let hashes: Vec<TextHash> = texts().map(TextHash::of).collect();
    let vectors: Vec<f32> = texts().flat_map(embed).collect();
    writer.add_document(source, document, &hashes, &vectors)
}

/// The passages of `rows`, with sources in their stored form.
pub(super) fn passages(reader: &Reader, rows: &[RowId]) -> Result<Vec<LocatedPassage>, Error> {
    reader.passages(rows, &StoredPath::to_string)
}

/// Replaces the content of a source.
pub(super) fn put(writer: &mut Writer, name: &str, lines: &[&str]) {
    let source = begin(writer, name, lines);
    writer.finish_source(source).unwrap();
}

/// Everything that a search can find, after a check that each row holds the vector of its text: (source,
/// document, text), sorted.
pub(super) fn visible(reader: &Reader) -> Vec<(String, String, String)> {
    let rows: Vec<RowId> = reader.live().iter().map(RowId).collect();
    let mut found = Vec::new();
    for (row, located) in rows.iter().zip(passages(reader, &rows).unwrap()) {
        assert_eq!(reader.rows().row(*row), embed(&located.passage.text), "{located:?}");
        found.push((located.source, located.document, located.passage.text));
    }
    assert_eq!(found.len(), rows.len());
    found.sort();
    found
}

/// The texts of [`visible`].
pub(super) fn texts(reader: &Reader) -> Vec<String> {
    let mut texts: Vec<String> = visible(reader).into_iter().map(|(_, _, text)| text).collect();
    texts.sort();
    texts
}
