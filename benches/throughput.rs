//! Tokens per second of the loaded bundled model on a file of texts, as one line of JSON per run.
//!
//!     cargo bench --bench throughput -- TEXTS [RUNS [PRECISION]]
//!
//! TEXTS has one text per line; PRECISION is f32 or int8. The time includes tokenization, but not loading and packing the
//! weights. Tokens include special tokens and are counted after truncation at 512. `EMBED_INSTRUCTIONS` names the instruction
//! set, as for the program.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::time::Instant;
use std::{env, fs};

use embed::model::{EmbeddingSettings, EncoderPrecision, Model, ModelFiles};
use embed::simd::InstructionSet;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(path) = arguments.first() else {
        println!("throughput: no file of texts is given, nothing was measured");
        return Ok(());
    };
    if let Ok(name) = env::var("EMBED_INSTRUCTIONS") {
        InstructionSet::named(&name).ok_or("not an instruction set of this CPU")?.make_best();
    }
    let runs = arguments.get(1).map_or(Ok(1), |runs| runs.parse())?;
    let text = fs::read_to_string(path)?;
    let texts: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let precision: EncoderPrecision =
        arguments.get(2).map_or(Ok(EncoderPrecision::Float32), |name| name.parse())?;
    let settings = EmbeddingSettings { precision, ..EmbeddingSettings::default() };
    let model = Model::new(&ModelFiles::bundled()?, settings)?;
    model.embed_documents(&texts[..texts.len().min(256)])?;
    for _ in 0..runs {
        let started = Instant::now();
        let tokens = model.embed_documents(&texts)?.tokens;
        let seconds = started.elapsed().as_secs_f64();
        let rate = tokens as f64 / seconds;
        println!(
            "{{\"peer\": \"embed\", \"precision\": \"{precision}\", \"texts\": {}, \"tokens\": {tokens}, \
             \"seconds\": {seconds:.3}, \"tokens_per_s\": {rate:.1}}}",
            texts.len()
        );
    }
    Ok(())
}
