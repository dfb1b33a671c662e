//! A small valid index, kept in memory, and everything that it answers.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::LazyLock;

use embed::corpus::{Document, LocatedPassage, Passage};
use embed::embedding::{Identity, ModelDescription};
use embed::filter::{Filter, Filters};
use embed::index::{
    Counts, Error, IndexContent, IndexWriter, NewSource, Reader, Settings, SourceNames, SourceRecord,
    SourceVersion, TextHash, Writer,
};
use embed::scan::ScanRequest;
use embed::topk::Scored;
use embed::vectors::{Dimension, RowId, UnitVectors};
use embed::words::{WordQuery, WordScores, WordStore};
use serde_json::{Value, json};
use tempfile::TempDir;

const WIDTH: usize = 8;
const QUERY: [f32; WIDTH] = [0.5, 0.0, 0.5, 0.0, 0.5, 0.0, 0.5, 0.0];

/// The files of the index, by name.
pub(super) static FILES: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let folder = TempDir::new().expect("there is a folder for temporary files");
    let index = folder.path().join("index");
    write(&index).expect("an index can be written");
    let entries = fs::read_dir(&index).expect("a folder lists its entries");
    let files = entries.map(|entry| {
        let path = entry.expect("a folder lists its entries").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file can be read"))
    });
    files.collect()
});

/// What the index answers.
pub(super) static ANSWERS: LazyLock<Answers> = LazyLock::new(|| {
    let folder = copy();
    answers(folder.path()).expect("the index is whole")
});

/// A copy of the index.
pub(super) fn copy() -> TempDir {
    let folder = TempDir::new().expect("there is a folder for temporary files");
    for (name, bytes) in &*FILES {
        fs::write(folder.path().join(name), bytes).expect("a temporary file can be written");
    }
    folder
}

pub(super) fn settings() -> Settings {
    Settings::new(ModelDescription {
        name: "tiny".to_owned(),
        identity: Identity::parse("00ff"),
        dimension: Dimension::new(WIDTH).expect("a dimension"),
        kept_dimensions: None,
        pooling: "mean".to_owned(),
        query_prefix: "query: ".to_owned(),
        document_prefix: String::new(),
        max_tokens: 512,
        encoder_precision: "int8".to_owned(),
    })
}

/// A vector that the text alone decides.
fn embed(text: &str) -> Vec<f32> {
    let bytes = text.bytes().cycle().take(32).enumerate();
    let mut row = [1.0_f32; WIDTH];
    bytes.for_each(|(place, byte)| row[(place + usize::from(byte)) % WIDTH] += f32::from(byte));
    let mut rows = UnitVectors::new(Dimension::new(WIDTH).expect("a dimension"));
    rows.push(&row).expect("a sum of positive numbers");
    rows.as_slice().to_vec()
}

/// Repairs the index at `path`. Returns whether it says that nothing is wrong any more.
pub(super) fn repair(path: &Path) -> bool {
    let mut embed_again = |texts: &[String]| {
        let mut rows = UnitVectors::new(Dimension::new(WIDTH).expect("a dimension"));
        for text in texts {
            rows.push_unit(&embed(text));
        }
        Ok::<_, Error>(rows)
    };
    Writer::repair(path, &mut embed_again).is_ok_and(|repair| repair.left.is_empty())
}

/// Writes three sources, of which the largest is removed: there are codes of a block, but few rows to read.
fn write(index: &Path) -> Result<(), Error> {
    let mut writer = Writer::create(index, &settings())?;
    add(&mut writer, index, "a.jsonl", 5)?;
    add(&mut writer, index, "b.md", 40)?;
    add(&mut writer, index, "c.txt", 4)?;
    let names = SourceNames::new(index, Path::new("/"));
    writer.remove_source(&names.stored(&index.with_file_name("b.md"))?)?;
    writer.close()
}

/// Replaces the content of a source by `count` documents.
pub(super) fn add(writer: &mut Writer, index: &Path, name: &str, count: u64) -> Result<(), Error> {
    let names = SourceNames::new(index, Path::new("/"));
    let source = writer.begin_source(&NewSource {
        path: names.stored(&index.with_file_name(name))?,
        rule: json!({"format": "lines"}),
        version: SourceVersion {
            size: Some(12),
            modified_ns: Some(5),
            changed_ns: Some(7),
            inode: Some(9),
            content: None,
        },
    })?;
    for line in 1..=count {
        let passage = |part: u64| Passage {
            text: format!("line {line} of {name}, part_{part} of the fuzz text"),
            context: (part > 0).then(|| "A heading".to_owned()),
            lines: Some((line, line)),
            bytes: Some((line * 10, line * 10 + 9)),
        };
        let document = Document {
            key: line.to_string(),
            line: Some(line),
            metadata: json!({"year": 2000 + line, "name": name}).as_object().cloned(),
            passages: (0..=line % 2).map(passage).collect(),
        };
        let texts: Vec<_> = document.passages.iter().map(Passage::contextual_text).collect();
        let hashes: Vec<TextHash> = texts.iter().map(|text| TextHash::of(text)).collect();
        let vectors: Vec<f32> = texts.iter().flat_map(|text| embed(text)).collect();
        writer.add_document(source, &document, &hashes, &vectors)?;
    }
    writer.finish_source(source)
}

/// Everything that a front end shows of an index.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answers {
    settings: Settings,
    counts: Counts,
    /// Path, rule, documents and passages. What tells whether a file changed has no checksum: the next run reads it again.
    sources: Vec<(String, Value, u64, u64)>,
    passages: Vec<LocatedPassage>,
    documents: Vec<(String, Document)>,
    texts: Vec<(RowId, String)>,
    filtered: Vec<u32>,
    best: Vec<Scored>,
    words: Option<WordAnswers>,
}

#[derive(Debug, Clone, PartialEq)]
struct WordAnswers {
    matched: Vec<u32>,
    scores: Vec<f32>,
    lengths: Vec<u16>,
}

/// Reads the index at `path` as front ends do.
pub(super) fn answers(path: &Path) -> Result<Answers, Error> {
    let reader = Reader::open(path)?;
    let rows: Vec<RowId> = reader.live().iter().map(RowId).collect();
    let mut documents = Vec::new();
    reader.for_each_document(None, &mut |source, document| {
        documents.push((source.to_string(), document));
        ControlFlow::Continue(())
    })?;
    let mut texts = Vec::new();
    reader.for_each_text(|row, text| texts.push((row, text.to_owned())))?;
    texts.sort_unstable();
    let filter: Filter = "year >= 2020".parse().expect("a filter");
    let filtered = reader.rows_where(&Filters::from_iter([filter]), &ToString::to_string)?;
    // More dimensions than the index has would be another model's.
    let query: Vec<f32> = QUERY.into_iter().cycle().take(reader.settings().dimension().get()).collect();
    let request = ScanRequest { allowed: Some(reader.live()), ..ScanRequest::best(5) };
    let best = reader.scan().search(&query, &request).best;
    reader.check_scanned()?;
    reader.check_rows(rows.iter().copied())?;
    let words = reader.words()?.map(|words| {
        let scores =
            WordScores::new(&words, &WordQuery::parse("heading fuzz part_1 17 \"of the\" -missing"))?;
        let rows = || rows.iter().map(|row| row.0);
        Ok::<_, Error>(WordAnswers {
            matched: scores.matched().to_vec(),
            scores: rows().map(|row| scores.added(row)).collect(),
            lengths: rows().map(|row| words.length(row)).collect(),
        })
    });
    Ok(Answers {
        settings: reader.settings().clone(),
        counts: reader.counts()?,
        sources: reader.sources()?.into_iter().map(source).collect(),
        passages: reader.passages(&rows, &ToString::to_string)?,
        documents,
        texts,
        filtered: filtered.iter().collect(),
        best,
        words: words.transpose()?,
    })
}

fn source(record: SourceRecord) -> (String, Value, u64, u64) {
    (record.path.to_string(), record.rule, record.documents, record.passages)
}
