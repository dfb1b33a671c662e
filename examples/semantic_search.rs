//! Semantic search as a library: embed a few texts, embed a question, rank by dot product.
//!
//!     cargo run --release --example semantic_search

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use embed::model::{EmbeddingSettings, Model, ModelFiles};
use embed::scan::{Request, Rows, Scan};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let texts: Vec<&str> = include_str!("docs.txt").lines().collect();
    let model = Model::new(&ModelFiles::bundled()?, EmbeddingSettings::default())?;

    let documents = model.embed_documents(&texts)?.vectors;
    let queries = model.embed_queries(&["How do I send something back?"])?.vectors;

    let found = Scan::new(Rows::from(&documents)).search(queries.row(0), &Request::best(3));
    for hit in found.best {
        println!("{:.3} | {}", hit.score, texts[hit.row.0 as usize]);
    }
    Ok(())
}
