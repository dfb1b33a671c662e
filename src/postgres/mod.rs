//! An index in Postgres, with the extension `pgvector`.
//!
//! [`PostgresPlace`] is a place for an index ([`IndexPlace`](crate::search::IndexPlace)) beside folders: the same rules, the
//! same results, in tables that other programs can read. Vectors stay on the server; it answers which rows are nearest, and
//! this module scores those rows again, so that results have the bits of a folder's.
//!
//! | file | job |
//! | --- | --- |
//! | `address.rs` | `postgres://USER@HOST/DATABASE?schema=NAME`, and the name without a password |
//! | `connection.rs` | connections, transactions, and what their errors mean |
//! | `schema.rs` | the tables and their version |
//! | `place.rs` | opens, creates and replaces an index |
//! | `writer.rs`, `batch.rs` | the one writer; rows on their way to the server |
//! | `snapshot.rs`, `content.rs`, `passages.rs` | one moment: searches, texts, passages of rows |
//! | `sources.rs` | sources, and vectors of texts that are stored already |
//! | `nearest.rs` | exact search for the nearest rows |
//! | `words.rs` | postings and lengths of texts |
//! | `verify.rs` | whether the tables agree with each other |
//! | `filters.rs` | conditions on documents as SQL |
//!
//! # Invariants
//!
//! - One transaction makes a source visible and retires what it replaces. A reader works in one transaction and sees one moment.
//! - One writer at a time holds an advisory lock of the schema, which the server frees with its connection.
//! - No text from a user becomes part of a statement, except the name of the schema, which is quoted.
//! - No index structure decides what an exact search finds: it reads every visible row.

mod address;
mod batch;
mod connection;
mod content;
mod filters;
mod nearest;
mod passages;
mod place;
mod schema;
mod snapshot;
mod sources;
mod verify;
mod words;
mod writer;

pub use address::{Address, AddressError, Credentials};
pub use place::PostgresPlace;
