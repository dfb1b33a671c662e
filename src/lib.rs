//! Semantic search for the shell: exact, offline, the same on every run.
//!
//! This page is the map of the crate. The program `embed` is a thin layer over it (`src/main.rs` and `src/cli/`, which
//! the library cannot see): it parses arguments, resolves flags, environment and defaults, calls the library, writes
//! results, and turns errors into messages and exit codes.
//!
//! # Data flow
//!
//! ```text
//! index:   files ─ corpus ─▶ documents, passages ─ model ─▶ unit vectors ─ index ─▶ .embed/ (SQLite + matrix)
//!          └ indexing: only what the index does not have as it is
//! import:  .npy, documents ─ exchange ─▶ unit vectors, passages ─ index ─▶ .embed/, and back for an export
//! search:  query ─ model ─▶ unit vector ─ scan over the mapped matrix ─ top-k ─▶ rows ─ index ─▶ passages
//!          filter ─ index ─▶ the rows that may be found
//! ```
//!
//! # Modules, from the bottom up
//!
//! | module | job |
//! | --- | --- |
//! | [`simd`] | kernels behind a safe interface, chosen once a run by what the CPU has |
//! | [`topk`] | the best k of a stream of scores, ties by row |
//! | [`vectors`] | unit vectors, their dimension, the ids of their rows |
//! | [`mapped_file`] | files read through memory maps |
//! | [`scan`] | exact search of a matrix for one query or many, by codes of a byte a component where that is faster |
//! | [`corpus`] | files, folders and streams of every format, cut into documents and passages |
//! | [`filter`] | conditions on documents, asked in memory or as SQL |
//! | [`hub`] | models of the Hugging Face hub: names, the shared cache, transfers |
//! | [`model`] | files, tokenizer, encoder, pooling and fingerprint of an embedding model |
//! | [`index`](mod@index) | the index on disk: catalog, matrix, one writer, many readers |
//! | [`indexing`] | corpus to model to index: what is new, changed or gone |
//! | [`search`] | queries to hits, from an index or straight from sources |
//! | [`streaming`] | vectors of a stream of texts while it goes on |
//! | [`analysis`] | similarities, near-duplicates, clusters, analogies, and measures of quality |
//! | [`exchange`] | vectors from elsewhere into an index, and those of an index out of it |
//!
//! # Where the time of a query goes
//!
//! `embed search` in a new process, an index of 5,183 passages, a query of 9 tokens, two cores with AVX-512; medians
//! of `cargo bench --bench cold_start`, in milliseconds:
//!
//! | part | time | what it is |
//! | --- | --- | --- |
//! | start and end the process, close the index | 2.8 | the program is mapped, not read; the weights stay in its pages |
//! | open the index | 0.5 | SQLite, the settings and one bitmap of live rows; the rows are mapped |
//! | find the model's files | 0.3 | the header of the weights |
//! | hash the tokenizer, make the model | 3.9 | the digest of the weights is a constant; the vocabulary is read without building a map |
//! | read the query's vocabulary | 1.6 | only entries that can occur in the query are kept |
//! | encode the query | 8.0 | 43 MB of float16 weights, widened in registers; nothing is packed or copied |
//! | scan the rows, fetch the passages | 1.0 | |
//!
//! # Invariants
//!
//! - Imports point downward only, and never in a circle; a test reads the sources and says so.
//! - The library never prints, exits, or reads the environment.
//! - Every vector that is stored or compared has length 1, so a dot product is a cosine.
//! - Search is exact: its answer is that of scoring every row and sorting. Codes only rule out rows, by a proven bound on their
//!   error ([`scan::codes`]); that they are those of their rows is what [`index::Reader::verify`] checks.
//! - The program searches and extends an index only with a model of the fingerprint it was made with; a library caller
//!   compares [`index::Settings`]' fingerprint with [`model::Model::fingerprint`] first.
//! - A filter means the same over an index as over files; what a user typed never becomes part of a statement.
//! - Memory does not grow with a source, but for a hash of 16 bytes for each of the user's own ids: documents are read,
//!   embedded and written batch by batch.
//! - What an index held stays readable until the transaction that replaces it.
//! - A file from the hub has its name in the cache only once it is whole and its digest is right; a token goes to no other
//!   host than the hub's.
//! - `unsafe` is denied, but for the kernels of [`simd`] and for memory maps; each block says why it is sound.
//!
//! # Decisions
//!
//! - Mean pooling, though the model's authors chose CLS: it measures as good on SciFact and better on STS-B.
//! - No prefix by default: the authors' query instruction costs 0.013 nDCG@10 on SciFact.
//! - Float32 unless `--precision` says otherwise. In 8-bit integers vectors are near those of float32 (a cosine of 0.9992
//!   or more for sentences), yet others: the fingerprint of documents says so, and they do not join one index. A query may be of the
//!   other precision where the user asks for it: scores of pairs move by 0.002 to 0.003.
//! - No bfloat16: 8-bit integers have twice its products an instruction and lose little, and a kernel for it would have to
//!   be written for processors (AVX512-BF16) that we could not run it on.
//! - The catalog is SQLite with a rollback journal: write-ahead logs cannot be read in a read-only folder.
//! - Size and time let a source go unread only if the time was two seconds old when it was read; else its hash decides.
//! - The same command gives the same index: how a source is read follows from the flags of the run, and the rule that is
//!   stored with it tells a later run that another one is meant.
//! - A scan is limited by memory, so its first pass reads six bits a component: 0.85 of the time of eight bits, while five
//!   would leave 9 % of the rows to score. Codes have no checksum, since they can be made again.
//! - The CPU encoder computes every architecture that is BERT but for names, first position and a bias on distances; candle
//!   computes the others. Which one it was is not in the fingerprint: they agree within 1e-5.
//! - A module that comes after the pooling changes vectors, so a model with one is refused rather than run without it.
//! - A model in the cache is used as it is, without asking the hub whether its branch has moved; an index keeps the commit.
//! - `.npy` files are read by code of our own. `npyz` multiplies the sizes of a header unchecked and names no fault by type;
//!   `ndarray-npy` knows no float16 and asks for all the memory that a header claims.
//! - A rebuild embeds the texts in the catalog, so that sources that are gone or were piped in are kept.
//!
//! # Dependencies
//!
//! | crate | why |
//! | --- | --- |
//! | `candle-core`, `candle-nn`, `candle-transformers` | the reference encoder of every architecture, and the way to other devices |
//! | `tokenizers`, `ahash` | token ids, as the model's authors computed them; the map that it takes its vocabulary in |
//! | `safetensors`, `half` | the weights file: a checked header, and float16, in `.npy` files too |
//! | `hf-hub` | the layout of the cache that models of the hub are kept in; its downloads set no time-out and check no digest |
//! | `ureq`, `sha1` | transfers from the hub, with both; the digests of git that the hub names small files by |
//! | `rusqlite` | the catalog: atomic commits and filters, from SQLite, compiled in |
//! | `roaring` | the set of live rows, compressed |
//! | `memmap2`, `bytemuck` | the matrix and the weights as slices, without copying |
//! | `sha2`, `crc32fast` | fingerprints, content and text hashes; checksums of rows |
//! | `ignore` | walking folders by the rules of `.gitignore` |
//! | `encoding_rs` | text that is not UTF-8, as browsers read it |
//! | `csv-core`, `html5gum`, `memchr` | tables and pages as streams; line ends at memory speed |
//! | `text-splitter` | passages along the structure of prose and Markdown |
//! | `rayon` | threads |
//! | `serde`, `serde_json` | configuration files, metadata, JSON results |
//! | `tempfile` | exported files, which appear whole or not at all |
//! | `parquet`, `arrow-array`, `arrow-schema` | exports as Parquet, with the feature `parquet` only |
//! | `thiserror` | typed errors |
//! | `anyhow`, `clap`, `clap_complete`, `clap_mangen`, `indicatif`, `anstyle`, `terminal_size`, `unicode-width` | the program only: errors on their way out, arguments, completions, manual pages, progress, color, and lines that fit the terminal |

pub mod analysis;
pub mod corpus;
pub mod embedding;
pub mod engine;
pub mod exchange;
pub mod filter;
pub mod hub;
pub mod index;
pub mod indexing;
pub mod mapped_file;
pub mod model;
pub mod reference;
pub mod scan;
pub mod search;
pub mod simd;
pub mod streaming;
pub mod topk;
pub mod vectors;
