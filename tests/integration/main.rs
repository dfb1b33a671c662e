//! Everything that is tested through the public API or the binary: one program, since each links the model.

mod analogy;
mod analysis;
mod architecture;
mod bad_input;
mod bundled_model;
mod corpus;
mod cross_encoders;
mod encode;
mod encoders;
mod engine;
mod exchange;
mod failures;
mod families;
mod filters;
mod folder_models;
mod fuzz_corpus;
mod help;
mod hub;
mod identity;
mod incremental;
mod index;
mod index_versions;
mod info;
mod model_choice;
mod precision;
mod query_marks;
mod ranking;
mod rerank;
mod search;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "providers")]
mod services;
mod signals;
mod similarity;
mod support;
mod unknown_texts;
mod upkeep;
mod verify;
mod writers;
