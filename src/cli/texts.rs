//! The texts that a command looks at together: those of the index, or of files that are read for it.

use std::path::PathBuf;

use clap::Args;
use embed::corpus::{Found, SourceFinder};
use embed::filter::Filters;
use embed::index::Reader;
use embed::scan::Rows;
use embed::search::{Collection, LocatedPassage, Wanted, passages_of};
use embed::vectors::{Dimension, RowId, UnitVectors};
use serde::Serialize;

use super::args::{
    CorpusArguments, DeviceArgument, GlobalArguments, IndexLocation, ModelArguments, PoolingArgument,
    dimension,
};
use super::progress::TerminalProgress;
use super::report::note_left_out;
use super::resolve::{self, Environment};
use super::usage::UsageError;

/// Where the texts come from.
#[derive(Debug, Args)]
pub(crate) struct TextArguments {
    /// Files and folders to read instead of the index ('-' is standard input)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    corpus: CorpusArguments,
    /// A model folder, or BAAI/bge-small-en-v1.5, which is inside [default: the index's, else the one inside]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// How a text's tokens become one vector; auto is what the model's authors chose [default: the index's, else mean]
    #[arg(long, value_name = "POOLING")]
    pooling: Option<PoolingArgument>,
    /// Text to put before every text [default: the index's, else none]
    #[arg(long, value_name = "TEXT")]
    document_prefix: Option<String>,
    /// Put the model's own prompt of this name before every text
    #[arg(long, value_name = "NAME", conflicts_with = "document_prefix")]
    prompt: Option<String>,
    /// Keep the first N components of every vector, for models trained so [default: the index's, else all]
    #[arg(long, value_name = "N", value_parser = dimension)]
    dimensions: Option<Dimension>,
    /// Run the model on this device; cuda and metal are for builds with the feature of that name
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: DeviceArgument,
}

impl TextArguments {
    /// The model that embeds the texts; there are no queries.
    fn model(&self) -> ModelArguments {
        ModelArguments {
            model: self.model.clone(),
            pooling: self.pooling,
            document_prefix: self.document_prefix.clone(),
            document_prompt: self.prompt.clone(),
            dimensions: self.dimensions,
            device: self.device,
            ..ModelArguments::default()
        }
    }
}

/// Texts and their vectors. A text is named by its position, counted from 0.
pub(crate) struct Texts {
    pub(crate) model: String,
    store: Store,
}

enum Store {
    Index(Box<Indexed>),
    Sources(Collection),
}

/// The live texts of an index.
struct Indexed {
    reader: Reader,
    folder: PathBuf,
    environment: Environment,
    /// The row of each text.
    rows: Vec<u32>,
    /// The vectors of the texts, where the index has others among them.
    picked: Option<UnitVectors>,
}

impl Texts {
    pub(crate) fn open(arguments: &TextArguments, global: &GlobalArguments) -> anyhow::Result<Self> {
        let environment = Environment::read()?;
        if arguments.paths.is_empty() {
            return Self::of_index(arguments, environment);
        }
        if arguments.location.folder.is_some() {
            return Err(UsageError::IndexAndPaths.into());
        }
        if arguments.paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(UsageError::StandardInputTwice.into());
        }
        Self::of_sources(arguments, global)
    }

    fn of_index(arguments: &TextArguments, environment: Environment) -> anyhow::Result<Self> {
        let folder = environment.index_to_search(&arguments.location)?;
        let reader = Reader::open(&folder)?;
        resolve::refuse_other_model(&arguments.model(), &folder, reader.settings())?;
        let all = Rows::new(reader.rows(), reader.settings().dimension);
        let rows: Vec<u32> = reader.live().iter().collect();
        let picked = (rows.len() < all.len()).then(|| {
            let mut picked = UnitVectors::new(all.dimension());
            for &row in &rows {
                picked.push_unit(all.row(RowId(row)));
            }
            picked
        });
        let model = reader.settings().model.clone();
        Ok(Self {
            model,
            store: Store::Index(Box::new(Indexed { reader, folder, environment, rows, picked })),
        })
    }

    fn of_sources(arguments: &TextArguments, global: &GlobalArguments) -> anyhow::Result<Self> {
        let TextArguments { paths, corpus, .. } = arguments;
        let model = resolve::model_of_flags(&arguments.model())?;
        let mut sources = Vec::new();
        let mut skipped = Vec::new();
        for found in SourceFinder::new(paths, resolve::walk_options(corpus))? {
            match found {
                Found::Source(source) => sources.push(source),
                Found::Skipped(file) => skipped.push(file),
            }
        }
        if sources.is_empty() && skipped.is_empty() {
            return Err(UsageError::NoFiles { names: resolve::listed(paths) }.into());
        }
        let read = resolve::read_options(corpus, &model);
        let wanted = Wanted { read: &read, filters: &Filters::default(), liked: &[] };
        let bytes = resolve::total_bytes(&sources);
        let mut progress = TerminalProgress::new(bytes, resolve::progress_visibility(global));
        let mut gathered = Collection::read(&model, &sources, &wanted, &mut progress)?;
        drop(progress);
        for file in skipped {
            gathered.left_out.add_file(file);
        }
        note_left_out(global, &gathered.left_out);
        if gathered.collection.is_empty() {
            return Err(UsageError::NoText { names: resolve::listed(paths) }.into());
        }
        Ok(Self { model: model.name().to_owned(), store: Store::Sources(gathered.collection) })
    }

    /// The vectors: texts x dimension.
    pub(crate) fn rows(&self) -> Rows<'_> {
        match &self.store {
            Store::Index(indexed) => match &indexed.picked {
                Some(picked) => Rows::from(picked),
                None => Rows::new(indexed.reader.rows(), indexed.reader.settings().dimension),
            },
            Store::Sources(collection) => Rows::from(collection.vectors()),
        }
    }

    /// The texts at `positions`, in that order.
    pub(crate) fn at(&self, positions: &[u32]) -> anyhow::Result<Vec<TextRecord>> {
        let passages = match &self.store {
            Store::Index(indexed) => {
                let Indexed { reader, folder, environment, rows, .. } = &**indexed;
                let rows: Vec<RowId> = positions.iter().map(|&text| RowId(rows[text as usize])).collect();
                passages_of(reader, &rows, &|path| environment.shown_source(path, folder))?
            }
            Store::Sources(collection) => {
                positions.iter().map(|&text| collection.passages()[text as usize].clone()).collect()
            }
        };
        Ok(passages.into_iter().map(TextRecord::from).collect())
    }

    /// Passes all texts to `take`, in order and a few at a time.
    pub(crate) fn for_each(
        &self,
        mut take: impl FnMut(u32, TextRecord) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        const AT_A_TIME: usize = 1024;
        let positions: Vec<u32> = (0..self.rows().len() as u32).collect();
        for some in positions.chunks(AT_A_TIME) {
            for (&position, text) in some.iter().zip(self.at(some)?) {
                take(position, text)?;
            }
        }
        Ok(())
    }
}

/// A text and where it stands, with the fields that the README documents; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TextRecord {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) line: Option<u64>,
    pub(crate) end_line: Option<u64>,
    pub(crate) start_byte: Option<u64>,
    pub(crate) end_byte: Option<u64>,
    pub(crate) document: String,
    pub(crate) text: String,
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl TextRecord {
    /// `source:line`, which editors open; the id where lines mean nothing.
    pub(crate) fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.source),
            None => self.id.clone(),
        }
    }
}

impl From<LocatedPassage> for TextRecord {
    fn from(located: LocatedPassage) -> Self {
        let LocatedPassage { source, document, key, passage, metadata } = located;
        Self {
            id: format!("{source}:{key}"),
            document: format!("{source}:{document}"),
            source,
            line: passage.lines.map(|(line, _)| line),
            end_line: passage.lines.map(|(_, end_line)| end_line),
            start_byte: passage.bytes.map(|(start, _)| start),
            end_byte: passage.bytes.map(|(_, end)| end),
            text: passage.text,
            metadata,
        }
    }
}
