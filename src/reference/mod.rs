//! The reference of `embed`: every format, flag, limit and figure, a page for each topic.
//!
//! | page | topic |
//! | --- | --- |
//! | [`files`] | files and folders: formats, text encodings, passages, what is skipped |
//! | [`searching`] | queries, reference documents, grouping, context |
//! | [`words`] | how words and meaning rank together, what a score means, reranking a search |
//! | [`reranking`] | ordering lines or results by the score of a cross-encoder |
//! | [`filters`] | conditions on documents, `--where` |
//! | [`output`] | plain text, JSON fields, exit codes |
//! | [`indexes`] | keeping an index up to date, removing and compacting, the files of `.embed` |
//! | [`durability`] | crashes, damage and repair, readers beside writers, and how they are tested |
//! | [`postgres`](mod@postgres) | an index in Postgres with pgvector |
//! | [`models`] | models, pooling, prompts, dimensions, devices, precision |
//! | [`hub`] | models of the Hugging Face hub and their cache |
//! | [`services`] | models of OpenAI, Voyage and other servers: names, keys, limits, cost |
//! | [`server`] | `embed serve` and `embed mcp`: routes, protocols, access, limits |
//! | [`vectors`] | `encode`, `similarity`, `import` and `export` |
//! | [`analysis`] | near-duplicates, clusters and analogies |
//! | [`evaluation`] | retrieval and similarity benchmarks, quality of the bundled model |
//! | [`measurements`] | speed and memory, with the commands that reproduce the figures |
//! | [`library`] | using the crate in your own program |
//!
//! `embed COMMAND --help` and the pages of `embed man` list the flags of each command.

pub mod analysis;
pub mod durability;
pub mod evaluation;
pub mod files;
pub mod filters;
pub mod hub;
pub mod indexes;
pub mod library;
pub mod measurements;
pub mod models;
pub mod output;
pub mod postgres;
pub mod reranking;
pub mod searching;
pub mod server;
pub mod services;
pub mod vectors;
pub mod words;
