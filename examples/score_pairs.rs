//! Scores pairs of a query and a text by a cross-encoder: an object {"query", "text"} on every line of standard input, one
//! of {"score", "tokens"} on every line of standard output.
//!
//!     cargo run --release --example score_pairs -- MODEL [PRECISION] < pairs.jsonl
//!
//! MODEL is a folder; PRECISION is f32 or int8.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;
use std::path::Path;
use std::{env, io};

use embed::model::{CrossEncoder, CrossEncoderFiles, Device, EncoderPrecision};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("name the folder of a cross-encoder")?;
    let precision: EncoderPrecision =
        env::args().nth(2).map_or(Ok(EncoderPrecision::Float32), |name| name.parse())?;
    let files = CrossEncoderFiles::from_folder(Path::new(&folder))?;
    let model = CrossEncoder::new(&files, precision, Device::Cpu)?;
    for line in io::stdin().lines() {
        let pair: Value = serde_json::from_str(&line?)?;
        let [query, text] = ["query", "text"].map(|name| pair[name].as_str());
        let (query, text) = query.zip(text).ok_or("a line is an object with a query and a text")?;
        let scored = model.score(query, &[text])?;
        println!("{}", json!({"score": scored.scores[0], "tokens": scored.tokens}));
    }
    Ok(())
}
