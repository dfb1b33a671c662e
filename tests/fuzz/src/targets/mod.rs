//! Fuzz targets: functions of any bytes that fail if the library does not hold what it promises.
//!
//! The fuzzer (`main.rs`) and the integration tests, which replay the corpus, share them. A target uses only the public API.

mod bytes;
mod filter;
mod front_matter;
mod html;
pub(crate) mod index;
mod npy;
mod passages;
mod reading;
mod repeated;
mod rows;
mod safetensors;
mod tokenizer;
mod words;

/// Fails by a panic.
pub(crate) type Target = fn(&[u8]);

/// The targets by name; the corpus of each is in the folder of that name.
pub(crate) const TARGETS: [(&str, Target); 12] = [
    ("filter", filter::run),
    ("front_matter", front_matter::run),
    ("html", html::run),
    ("index_bytes", index::damaged::run),
    ("index_values", index::forged::run),
    ("npy", npy::run),
    ("passages", passages::run),
    ("repeated", repeated::run),
    ("rows", rows::run),
    ("safetensors", safetensors::run),
    ("tokenizer", tokenizer::run),
    ("words", words::run),
];
