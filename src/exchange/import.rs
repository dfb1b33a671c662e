//! Import of an `.npy` file, with its documents, into an index.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::{Map, Value};

use super::documents::{DocumentName, DocumentsError, DocumentsReader, ExportedPlace, RowDocument};
use super::npy::{NpyError, NpyReader};
use crate::corpus::{Document, Passage};
use crate::index::{
    self, IndexWriter, NewSource, SourceId, SourceVersion, StoredPath, TextHash, imported_rule,
};
use crate::vectors::{Dimension, UnitVectors};

/// The most rows of a portion.
const PORTION_ROWS: usize = 4096;

/// The most components of a portion, unless one row has more: 8 MiB.
const PORTION_COMPONENTS: usize = 2 << 20;

/// Why vectors cannot be imported. The index does not change.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The vectors cannot be read.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The documents cannot be read.
    #[error(transparent)]
    Documents(#[from] DocumentsError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The matrix has no rows.
    #[error("{} has no rows", path.display())]
    NoRows {
        /// The vectors.
        path: PathBuf,
    },
    /// The numbers of rows and documents differ.
    #[error("{} has {lines} lines where {} has {rows} rows", documents.display(), vectors.display())]
    Count {
        /// The documents.
        documents: PathBuf,
        /// Their number.
        lines: u64,
        /// The vectors.
        vectors: PathBuf,
        /// Their number.
        rows: u64,
    },
    /// Two lines name the same document.
    #[error("line {line} of {} has the id {id:?} of an earlier line", path.display())]
    DuplicateId {
        /// The documents.
        path: PathBuf,
        /// The later line, counted from 1.
        line: u64,
        /// The id.
        id: String,
    },
    /// The index has vectors of another dimension.
    #[error("{} has vectors of dimension {found}, the index of dimension {expected}", path.display())]
    Dimension {
        /// The vectors.
        path: PathBuf,
        /// Their dimension.
        found: Dimension,
        /// The dimension of the index.
        expected: Dimension,
    },
    /// A file changed after it was checked.
    #[error("{} was changed while it was imported", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
}

/// Vectors, with optional documents, that were read completely and are valid.
pub struct Import<'a> {
    vectors: &'a Path,
    documents: Option<&'a Path>,
    store: &'a dyn Fn(&Path) -> Result<StoredPath, index::Error>,
    rows: u64,
    dimension: Dimension,
}

/// The result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Vectors, which is the number of passages.
    pub vectors: u64,
    /// Documents.
    pub documents: u64,
    /// Sources.
    pub sources: u64,
}

/// The place of a row in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    source: StoredPath,
    key: String,
    /// The line on which the document begins.
    line: Option<u64>,
    /// The position of the passage among those of its document.
    ordinal: u32,
    lines: Option<(u64, u64)>,
    bytes: Option<(u64, u64)>,
    context: Option<String>,
}

impl Target {
    /// Whether this is a further passage of the document of `previous`.
    fn continues(&self, previous: &Self) -> bool {
        self.source == previous.source && self.key == previous.key && self.ordinal > previous.ordinal
    }
}

impl<'a> Import<'a> {
    /// Reads all rows of the `.npy` file `vectors` and all lines of `documents`, so that nothing is written unless the
    /// files are valid throughout. `store` turns the path of a source into the form that the index stores.
    ///
    /// # Errors
    ///
    /// Every [`ImportError`] except [`ImportError::Dimension`] and [`ImportError::Changed`].
    pub fn check(
        vectors: &'a Path,
        documents: Option<&'a Path>,
        store: &'a dyn Fn(&Path) -> Result<StoredPath, index::Error>,
    ) -> Result<Self, ImportError> {
        let mut reader = NpyReader::open_matrix(vectors)?;
        let (rows, dimension) = (reader.rows(), reader.dimension());
        if rows == 0 {
            return Err(ImportError::NoRows { path: vectors.to_owned() });
        }
        let import = Self { vectors, documents, store, rows, dimension };
        if let Some(documents) = documents {
            import.check_documents(documents)?;
        }
        while !reader.next_rows(import.portion())?.is_empty() {}
        Ok(import)
    }

    /// The number of vectors.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Their dimension.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    fn portion(&self) -> usize {
        (PORTION_COMPONENTS / self.dimension.get()).clamp(1, PORTION_ROWS)
    }

    fn check_documents(&self, path: &Path) -> Result<(), ImportError> {
        let own_source = (self.store)(self.vectors)?;
        let mut seen = HashSet::new();
        let mut previous: Option<Target> = None;
        let mut lines = 0;
        for document in DocumentsReader::open(path)? {
            let target = self.target(lines, document?.name, &own_source)?;
            lines += 1;
            let continues = previous.as_ref().is_some_and(|previous| target.continues(previous));
            if !continues && !seen.insert(TextHash::of(&format!("{}\0{}", target.source, target.key))) {
                return Err(ImportError::DuplicateId { path: path.to_owned(), line: lines, id: target.key });
            }
            previous = Some(target);
        }
        if lines == self.rows {
            return Ok(());
        }
        let (documents, vectors) = (path.to_owned(), self.vectors.to_owned());
        Err(ImportError::Count { documents, lines, vectors, rows: self.rows })
    }

    /// The place in the index of row `row`, counted from 0.
    fn target(&self, row: u64, name: DocumentName, own_source: &StoredPath) -> Result<Target, index::Error> {
        let own = |key| Target {
            source: own_source.clone(),
            key,
            line: None,
            ordinal: 0,
            lines: None,
            bytes: None,
            context: None,
        };
        let place = match name {
            DocumentName::Row => return Ok(own((row + 1).to_string())),
            DocumentName::Id(id) => return Ok(own(id)),
            DocumentName::Exported(place) => place,
        };
        let ExportedPlace { source, document, document_line, ordinal, line, end_line, .. } = place;
        Ok(Target {
            source: (self.store)(Path::new(&*source))?,
            key: document.into_owned(),
            line: document_line,
            ordinal,
            lines: line.map(|line| (line, end_line.unwrap_or(line))),
            bytes: place.start_byte.zip(place.end_byte),
            context: place.context.map(Cow::into_owned),
        })
    }

    /// Stores the vectors in the index of `writer` and replaces the sources of the same names: the `.npy` file, or the
    /// sources that exported documents name. `advance` receives the number of rows of each portion. The caller checks
    /// that the index holds vectors of the same model.
    ///
    /// # Errors
    ///
    /// [`ImportError::Dimension`], [`ImportError::Changed`] and [`ImportError::Index`].
    pub fn write(
        &self,
        writer: &mut dyn IndexWriter,
        advance: &mut dyn FnMut(u64),
    ) -> Result<Imported, ImportError> {
        let (found, expected) = (self.dimension, writer.settings().dimension());
        if found != expected {
            return Err(ImportError::Dimension { path: self.vectors.to_owned(), found, expected });
        }
        let mut reader = NpyReader::open_matrix(self.vectors)?;
        if (reader.rows(), reader.dimension()) != (self.rows, self.dimension) {
            return Err(ImportError::Changed { path: self.vectors.to_owned() });
        }
        let mut session = Session {
            import: self,
            writer,
            documents: self.documents.map(DocumentsReader::open).transpose()?,
            own_source: (self.store)(self.vectors)?,
            sources: BTreeMap::new(),
            open: None,
            imported: Imported { vectors: 0, documents: 0, sources: 0 },
        };
        loop {
            let rows = reader.next_rows(self.portion())?;
            if rows.is_empty() {
                return session.finish();
            }
            session.add(&rows)?;
            advance(rows.len() as u64);
        }
    }
}

/// An import in progress.
struct Session<'a> {
    import: &'a Import<'a>,
    writer: &'a mut dyn IndexWriter,
    documents: Option<DocumentsReader<BufReader<File>>>,
    own_source: StoredPath,
    /// Sources that have begun.
    sources: BTreeMap<StoredPath, SourceId>,
    /// The document of the last row, which the next row may continue.
    open: Option<OpenDocument>,
    imported: Imported,
}

/// A document that may have further passages.
struct OpenDocument {
    /// The place of the last passage.
    target: Target,
    document: Document,
    hashes: Vec<TextHash>,
    vectors: Vec<f32>,
}

impl OpenDocument {
    fn new(target: Target, metadata: Option<Map<String, Value>>) -> Self {
        let document =
            Document { key: target.key.clone(), line: target.line, metadata, passages: Vec::new() };
        Self { target, document, hashes: Vec::new(), vectors: Vec::new() }
    }

    fn push(&mut self, text: String, vector: &[f32]) {
        let Target { lines, bytes, .. } = self.target;
        let context = self.target.context.take();
        let passage = Passage { text, context, lines, bytes };
        self.hashes.push(TextHash::of(&passage.contextual_text()));
        self.vectors.extend_from_slice(vector);
        self.document.passages.push(passage);
    }
}

impl Session<'_> {
    fn add(&mut self, vectors: &UnitVectors) -> Result<(), ImportError> {
        for vector in vectors.rows() {
            let RowDocument { text, metadata, name } = self.next_document()?;
            let target = self.import.target(self.imported.vectors, name, &self.own_source)?;
            self.imported.vectors += 1;
            match &mut self.open {
                Some(open) if target.continues(&open.target) => open.target = target,
                _ => {
                    self.write_open()?;
                    self.open = Some(OpenDocument::new(target, metadata));
                }
            }
            self.open.as_mut().expect("a document was just opened or continued").push(text, vector);
        }
        Ok(())
    }

    fn write_open(&mut self) -> Result<(), ImportError> {
        let Some(OpenDocument { target, document, hashes, vectors }) = self.open.take() else {
            return Ok(());
        };
        let source = self.source(&target)?;
        self.writer.add_document(source, &document, &hashes, &vectors)?;
        self.imported.documents += 1;
        Ok(())
    }

    fn next_document(&mut self) -> Result<RowDocument, ImportError> {
        let (Some(documents), Some(path)) = (&mut self.documents, self.import.documents) else {
            return Ok(RowDocument::default());
        };
        documents.next().transpose()?.ok_or_else(|| ImportError::Changed { path: path.to_owned() })
    }

    fn source(&mut self, target: &Target) -> Result<SourceId, index::Error> {
        if let Some(&source) = self.sources.get(&target.source) {
            return Ok(source);
        }
        let is_own = target.source == self.own_source;
        let version = if is_own { version_of(self.import.vectors) } else { SourceVersion::default() };
        let rule = imported_rule();
        let source = self.writer.begin_source(&NewSource { path: target.source.clone(), rule, version })?;
        self.sources.insert(target.source.clone(), source);
        self.imported.sources += 1;
        Ok(source)
    }

    fn finish(mut self) -> Result<Imported, ImportError> {
        self.write_open()?;
        for source in self.sources.into_values() {
            self.writer.finish_source(source)?;
        }
        Ok(self.imported)
    }
}

/// The size and modification time of a file, if the system has them.
fn version_of(path: &Path) -> SourceVersion {
    let Ok(metadata) = fs::metadata(path) else { return SourceVersion::default() };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    SourceVersion {
        size: Some(metadata.len()),
        modified_ns: modified.and_then(|age| i64::try_from(age.as_nanos()).ok()),
        ..SourceVersion::default()
    }
}
