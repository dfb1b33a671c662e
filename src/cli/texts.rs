//! The texts that a command looks at together: those of the index, or of files that are read for it.

use std::path::PathBuf;

use embed::filter::Filters;
use embed::index::Reader;
use embed::model::Model;
use embed::scan::Rows;
use embed::search::{Collection, passages_of};
use embed::vectors::{RowId, UnitVectors};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::texts::TextOptions;
use crate::cli::models::{self, Purpose};
use crate::cli::reading::Reading;
use crate::cli::resolve::{self, Environment};
use crate::cli::text_record::TextRecord;
use crate::cli::usage::{IndexUse, UsageError};

/// Texts and their vectors. A text is named by its position, counted from 0.
pub(crate) struct Texts {
    pub(crate) model: String,
    store: Store,
}

enum Store {
    Index(Box<Indexed>),
    Sources { collection: Collection, model: Box<Model> },
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
    /// The texts of the index, or of `paths` where there are any.
    pub(crate) fn open(
        paths: &[PathBuf],
        options: &TextOptions,
        global: &GlobalArguments,
    ) -> anyhow::Result<Self> {
        if paths.is_empty() {
            resolve::refuse_reading_flags(&options.corpus, IndexUse::Compare)?;
            return Self::of_index(options);
        }
        if options.location.folder.is_some() {
            return Err(UsageError::IndexAndPaths.into());
        }
        if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
            return Err(UsageError::StandardInputTwice.into());
        }
        Self::of_sources(paths, options, global)
    }

    fn of_index(options: &TextOptions) -> anyhow::Result<Self> {
        let environment = Environment::read()?;
        let folder = environment.index_to_search(&options.location)?;
        let reader = Reader::open(&folder)?;
        models::refuse_other_model(&options.model.choice(), &folder, reader.settings())?;
        let all = reader.rows();
        let rows: Vec<u32> = reader.live().iter().collect();
        let picked = (rows.len() < all.len()).then(|| {
            let mut picked = UnitVectors::new(all.dimension());
            for &row in &rows {
                picked.push_unit(all.row(RowId(row)));
            }
            picked
        });
        let model = reader.settings().model.name.clone();
        Ok(Self {
            model,
            store: Store::Index(Box::new(Indexed { reader, folder, environment, rows, picked })),
        })
    }

    fn of_sources(
        paths: &[PathBuf],
        options: &TextOptions,
        global: &GlobalArguments,
    ) -> anyhow::Result<Self> {
        let model = Box::new(models::model_of_flags(&options.model.choice(), global)?);
        let reading = Reading { paths, corpus: &options.corpus, filters: &Filters::default(), liked: &[] };
        let collection = reading.read(&model, reading.find()?, global)?;
        Ok(Self { model: model.name().to_owned(), store: Store::Sources { collection, model } })
    }

    /// The vectors of `others`, embedded as these texts are; `options` are those that they were opened with.
    pub(crate) fn embed_others(
        &self,
        options: &TextOptions,
        global: &GlobalArguments,
        others: &[String],
    ) -> anyhow::Result<UnitVectors> {
        let embedded = match &self.store {
            Store::Sources { model, .. } => embed_texts(&**model, Role::Document, others)?,
            Store::Index(indexed) => {
                let Indexed { reader, folder, .. } = &**indexed;
                models::model_of_index(
                    &options.model.choice(),
                    global,
                    (folder, reader.settings()),
                    Purpose::Search,
                )?;
                embed_texts(&model, Role::Document, others)?
            }
        };
        Ok(embedded.vectors)
    }

    /// The vectors: texts x dimension.
    pub(crate) fn rows(&self) -> Rows<'_> {
        match &self.store {
            Store::Index(indexed) => match &indexed.picked {
                Some(picked) => Rows::from(picked),
                None => indexed.reader.rows(),
            },
            Store::Sources { collection, .. } => collection.vectors(),
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
            Store::Sources { collection, .. } => collection.passages(positions)?,
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

    /// Passes the words of all texts to `take`, in no stated order.
    pub(crate) fn for_each_content(&self, mut take: impl FnMut(u32, &str)) -> anyhow::Result<()> {
        match &self.store {
            Store::Index(indexed) => indexed.reader.for_each_text(|row, text| {
                let position = indexed.rows.binary_search(&row.0).expect("a text for each live row");
                take(position as u32, text);
            })?,
            Store::Sources { collection, .. } => {
                collection.for_each_text(&mut take)?;
            }
        }
        Ok(())
    }
}
