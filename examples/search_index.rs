//! Searches an index from Rust. Make one first: `cargo run --release -- index examples/docs.txt`.
//!
//!     cargo run --release --example search_index -- "how do I return"

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::path::Path;
use std::sync::Arc;

use embed::engine::{Engine, LocalHost, ModelRequest, SearchRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let query = std::env::args().nth(1).unwrap_or_else(|| "how do I return".to_owned());
    let host = Arc::new(LocalHost::new(std::env::current_dir()?));
    let engine = Engine::open(Path::new(".embed"), ModelRequest::default(), host);
    for hit in &engine.search(&SearchRequest::text(query))?.hits[0] {
        println!("{:.3} | {} | {}", hit.score, hit.passage.place(), hit.passage.passage.text);
    }
    Ok(())
}
