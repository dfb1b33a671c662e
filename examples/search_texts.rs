//! Embeds texts held in memory and searches them; nothing is written.
//!
//!     cargo run --release --example search_texts

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::sync::Arc;

use embed::engine::{Engine, LocalHost, ModelRequest, Models, SearchRequest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = Arc::new(LocalHost::new(std::env::current_dir()?));
    let model = Models::new(host.clone()).load(&ModelRequest::default())?;
    let engine = Engine::of_texts(include_str!("docs.txt").lines(), model, host)?;
    for hit in &engine.search(&SearchRequest::text("How do I send something back?"))?.hits[0] {
        println!("{:.3} | {}", hit.score, hit.passage.passage.text);
    }
    Ok(())
}
