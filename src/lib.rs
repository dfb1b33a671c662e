//! Semantic search for the shell: exact, offline, the same on every run.
//!
//! This page is the map of the crate. Front ends use the [`engine`]; the program `embed` (`src/main.rs` and `src/cli/`,
//! behind the feature `cli`) is one of them: it parses arguments, resolves flags and environment (`cli/resolve.rs`),
//! calls the engine, which owns all defaults of the product, writes results, and turns errors into messages and exit
//! codes (`cli/report.rs`). The [`reference`](mod@reference) documents every format, flag and figure.
//!
//! # Two walks
//!
//! Both go down through the layers and return only values.
//!
//! A query, from the command line to a printed hit:
//!
//! | file | what happens |
//! | --- | --- |
//! | `cli/program.rs` | words become arguments |
//! | `cli/commands/search/` | arguments become a [`engine::SearchRequest`] |
//! | `engine/query.rs` | a snapshot of the index; queries and terms become vectors |
//! | `engine/models.rs` | the model: the requested one, else that of the index; another model is refused |
//! | `model/embedding.rs` | texts to tokens to unit vectors |
//! | `search/snapshot.rs`, `filter/sql.rs` | filters become SQL and then rows; best rows become passages |
//! | `words/query.rs`, `words/analysis.rs` | the query's terms, phrases and excluded words |
//! | `search/ranking.rs`, `words/ranking.rs`, `index/words.rs` | rows by cosine and words together; BM25; postings of the catalog |
//! | `scan/mod.rs`, `topk.rs` | exact search of the matrix |
//! | `index/passages.rs` | rows become [`corpus::LocatedPassage`]s |
//! | `search/mod.rs`, `corpus/located.rs`, `cli/commands/search/record.rs` | hits become records: their fields and their order |
//! | `cli/commands/search/layout.rs`, `cli/excerpt.rs` | on a terminal, passages become their most relevant lines |
//! | `cli/listing.rs`, `cli/render.rs`, `cli/json.rs` | records become lines or JSON |
//!
//! A document, from a file to a row:
//!
//! | file | what happens |
//! | --- | --- |
//! | `cli/commands/index.rs` | arguments become an [`engine::IndexRequest`] |
//! | `engine/editor.rs`, `engine/models.rs` | one writer; another model is refused |
//! | `engine/reading.rs` | defaults: the size of passages |
//! | `corpus/finder.rs`, `corpus/walk.rs`, `corpus/identity.rs` | arguments become sources; folders are walked without hidden and ignored files; each file is found once, by its canonical path |
//! | `indexing/plan.rs`, `indexing/freshness.rs` | which sources are new, changed or gone; unchanged ones are not read |
//! | `indexing/update.rs`, `indexing/batches.rs` | sources are read and embedded batch by batch |
//! | `corpus/reader.rs` | bytes become [`corpus::Document`]s: rows by `table.rs` or `json.rs` and `records.rs`, lines by `lines.rs`, others by `whole.rs` |
//! | `corpus/front_matter.rs`, `corpus/html/` | YAML becomes metadata; pages become blocks |
//! | `corpus/passages/` | prose, Markdown, pages and code are cut into passages, measured in tokens, each with its context |
//! | `model/embedding.rs` | passages become unit vectors |
//! | `indexing/sink.rs` | documents and vectors go to the writer |
//! | `index/content.rs`, `index/record_file.rs` | rows of the catalog and of the matrix |
//!
//! Where to find other topics: migrations of the catalog in `index/schema.rs`, damage in `index/verify/`, its repair in
//! `index/repair/`, checksums in `scan/checksums.rs` and `index/record_checksums.rs`, removal in `engine/editor.rs`,
//! hints of errors in `cli/hints.rs` and `cli/usage.rs`, the fingerprint of a model in `model/fingerprint.rs`, its
//! pooling in `model/files.rs`, the heads of cross-encoders in `model/cross_encoder/head.rs`, the order after reranking
//! in `engine/reranker.rs`, the writer's lock in `index/folder.rs`, waiting for it in `engine/patience.rs`, signals in
//! `cli/interrupts.rs`, reuse of vectors in `indexing/batches.rs`, texts outside the model's vocabulary in
//! `embedding.rs` and `engine/unknown.rs`, the words of an index in `index/words.rs`, their ranking in
//! `words/ranking.rs` and `search/ranking.rs`.
//!
//! # Modules, from the bottom up
//!
//! | module | job |
//! | --- | --- |
//! | [`simd`] | kernels behind a safe interface, chosen once per run by the features of the CPU |
//! | [`topk`] | the best k of a stream of scores, ties by row |
//! | [`vectors`] | unit vectors, their dimension, the ids of their rows |
//! | [`words`] | the terms of a text, and BM25 of texts for the terms of a query |
//! | [`mapped_file`] | files read through memory maps |
//! | [`scan`] | exact search of a matrix for one query or many, by codes of one byte per component where that is faster |
//! | [`corpus`] | files, folders and streams of every format, cut into documents and passages |
//! | [`filter`] | conditions on documents, evaluated in memory or as SQL |
//! | [`http`] | what clients of HTTP share: proxies, certificates, secrets |
//! | [`hub`] | models of the Hugging Face hub: names, the shared cache, transfers |
//! | [`embedding`] | the trait of embedders, and the identity of a model |
//! | [`model`] | local models: files, tokenizer, encoder, pooling and fingerprint; cross-encoders |
//! | `providers` | with the feature of that name: models of services as embedders |
//! | [`index`](mod@index) | the index on disk: catalog, matrix, one writer, many readers |
//! | [`indexing`] | corpus to embedder to index: new, changed and removed sources |
//! | [`search`] | the trait of searchable stores: an index, passages in memory |
//! | [`streaming`] | vectors of a stream of texts as it arrives |
//! | [`analysis`] | similarities, near-duplicates, clusters, analogies, and measures of quality |
//! | [`exchange`] | import of vectors into an index, and export of its vectors |
//! | [`engine`] | the interface for every front end: one type that answers requests |
//! | `postgres` | with the feature of that name: an index in Postgres, a place beside folders |
//! | `server` | with the feature of that name: HTTP, the Model Context Protocol and a page, over the engine |
//!
//! # One passage
//!
//! A passage has one type from its source to a printed record: [`corpus::Passage`], its text and its place. It has two
//! containers. In a [`corpus::Document`], passages share a key and metadata; this form is read, embedded and written.
//! In a [`corpus::LocatedPassage`], a single passage has the names of its source and document; this form is found,
//! filtered and printed. A [`search::Hit`] adds the score.
//!
//! # Seams
//!
//! - [`embedding::Embedder`]: computes vectors. A host supplies its own by name ([`engine::Host::embedder`]), as the program
//!   does with models of services (`providers`).
//! - [`search::Searchable`]: holds passages with vectors. [`search::IndexPlace`], [`index::IndexWriter`] and [`index::IndexContent`]: an
//!   index, wherever it is. A host supplies places by name ([`engine::Host::place`]), as the program does with databases (`postgres`).
//! - [`engine::Host`]: the surroundings of an engine; the library reads no environment. A host may also stand between the
//!   engine and a local model, as the server does to encode texts of many requests together (`server/lanes/`).
//!
//! # Where the time of a query goes
//!
//! `embed search` in a new process, an index of 5,183 passages, a query of 9 tokens, two cores of an AMD EPYC with AVX-512; medians
//! of `cargo bench --bench cold_start`, in milliseconds:
//!
//! | part | time | what it is |
//! | --- | --- | --- |
//! | start and end the process, close the index | 3.4 | the program is mapped, not read; the weights stay in its pages |
//! | open the index | 0.6 | SQLite, the settings and one bitmap of live rows; the rows are mapped |
//! | find the model's files | 0.4 | the header of the weights |
//! | hash the tokenizer, make the model | 3.4 | the digest of the weights is a constant; the vocabulary is read without building a map |
//! | read the query's vocabulary | 1.3 | only entries that can occur in the query are kept |
//! | encode the query | 7.1 | 43 MB of float16 weights, widened in registers; nothing is packed or copied |
//! | score the words, scan the rows, fetch the passages | 1.4 | postings of the terms and lengths of all texts; the words take about 1 ms of it |
//!
//! # Invariants
//!
//! - A file uses files of its own layer or below, and no two files use each other, directly or through others. A
//!   `mod.rs` that declares modules re-exports them. Tests check this on the sources.
//! - The library never prints, exits, or reads the environment, except in `ignore`, which looks up the user's global
//!   gitignore below `HOME` and `XDG_CONFIG_HOME`, and in `tempfile`, which looks up `TMPDIR`. It installs no handler of
//!   signals unless asked ([`mapped_file::tolerate_truncation`]). The program has no search logic.
//! - Every vector that is stored or compared has length 1, so a dot product is a cosine.
//! - Search is exact: its results equal those of scoring and sorting every row. Codes only rule out rows, by a proven
//!   bound on their error ([`scan::codes`]); [`index::verify`] checks that the codes match their rows.
//! - Search by words and by both is exact, too: only a proven bound rules rows out (`search/ranking.rs`), and a test
//!   compares with scoring every row.
//! - No answer is made of bytes that do not match their checksum: rows and codes are compared as a scan reads them
//!   ([`scan::checksums`]), rows of the catalog as they are read (`index/record_checksums.rs`).
//! - A snapshot that outlasts milliseconds holds no lock: it reads a private copy of the catalog
//!   ([`index::Reader::detached`]).
//! - Words of a source become visible in the commit that makes it visible (`index/word_segments.rs`).
//! - Vectors of two models never meet: the engine compares identities before it searches or adds (`engine/models.rs`).
//! - A filter means the same over an index as over files; text from the user never becomes part of an SQL statement.
//! - Memory does not grow with a source, except for a hash of 16 bytes for each of the user's own ids: documents are
//!   read, embedded and written batch by batch.
//! - The content of an index stays readable until the transaction that replaces it.
//! - The displayed text, lines and bytes of a passage are those of the source. Its context is embedded with it and
//!   counts toward its tokens, but is stored separately ([`corpus::Passage::context`]).
//! - Cutting a text takes time in proportion to its length, for any structure.
//! - A file is identified by its canonical path, however it is reached ([`corpus::canonical`]).
//! - A file from the hub has its name in the cache only once it is complete and its digest is correct; a token is sent
//!   only to the hub, and the key of a service only to that service. An index alone leads to no unknown server
//!   (`providers/served_models.rs`).
//! - `unsafe` is denied except in the kernels of [`simd`] and for memory maps; each block says why it is sound.
//!
//! # Decisions
//!
//! - Mean pooling for the bundled model, though its authors chose CLS: it is as good on SciFact and better on STS-B.
//!   Any other model is pooled as its files declare.
//! - No prefix by default: the authors' query instruction costs 0.013 nDCG@10 on SciFact.
//! - Float32 unless `--precision` says otherwise. Vectors of 8-bit integers are close to those of float32 (a cosine of
//!   0.9992 or more for sentences) but differ: they have different fingerprints and do not share an index. A query may
//!   use the other precision if the user requests it: scores of pairs move by 0.002 to 0.003.
//! - By both is the default for text queries: nDCG@10 on SciFact rises from 0.7201 to 0.7535. In an experiment on six
//!   retrieval sets, without the weight of names and rare words, it rose by 0.032 on average and fell on none. A sum on
//!   a fixed scale was better than fusing ranks, and its scores are comparable across queries. Postings are rows of the
//!   catalog in our own format instead of FTS5, whose time for a query of several words grew to 20 ms at 6,000
//!   documents.
//! - Names, versions and ids of a query weigh more than other words: a user who types one wants exact matches. SciFact
//!   queries contain none, so its figures do not change.
//! - No bfloat16: 8-bit integers do twice the products per instruction and lose little, and a kernel for AVX512-BF16
//!   could not be run on the available processors.
//! - The catalog is SQLite with a rollback journal: write-ahead logs cannot be read in a read-only folder.
//! - The catalog has a version and a list of migrations. Readers read every version; the first writer migrates.
//! - A source is unchanged without being read only if size, modification time, change time and inode agree, and the
//!   times were at least two seconds old when it was read. Otherwise its hash decides.
//! - The same command gives the same index: the flags of the run determine how a source is read, and the stored rule
//!   shows a later run whether the flags differ.
//! - A scan is limited by memory, so its first pass reads six bits per component: 0.85 of the time of eight bits, while
//!   five would leave 9 % of the rows to score.
//! - Checksums are CRC-32: by carry-less multiplication it is as fast as XXH3 on stretches of 16 KiB (53 GB/s in the
//!   first-level cache of an AMD EPYC with AVX-512), and codes are checked in such stretches just before they are
//!   scanned. A row is checked alone, in 60 ns.
//! - A term of an index is found with the term after it, so that a lookup that a damaged page misleads does not pass for
//!   a term that no text has (`index/word_segments.rs`). `SQLite` itself can check pages only through a file system
//!   layer of our own, in unsafe code.
//! - A mapped file that another program cuts short reads as zeros from then on (`mapped_file/truncation.rs`), which the
//!   checksums notice. Reading files into memory instead would cost a search of a million passages its speed.
//! - The CPU encoder computes every architecture that is BERT except for names, first position and a bias on distances;
//!   candle computes the others. The fingerprint does not record which encoder computed the vectors: they agree within
//!   1e-5.
//! - A cross-encoder's score is its raw logit: a sigmoid would not change the order. Its files need no fingerprint,
//!   since no score is stored.
//! - A module after the pooling changes vectors, so a model with one is refused rather than run without it.
//! - A model in the cache is used without checking whether its branch has moved on the hub; an index stores the commit.
//! - `.npy` files are read by our own code (`exchange/npy/`). `npyz` multiplies the sizes of a header without overflow
//!   checks and has no typed errors; `ndarray-npy` does not support float16 and allocates any size that a header
//!   claims.
//! - Passages are cut by our own code: every gap between two words has a rank, and a passage ends at the best gap that
//!   fits (`corpus/passages/packing.rs`). `text-splitter` scans the whole rest of the text for every passage and has no
//!   headings as context.
//! - A code block is in a passage with an adjacent sentence, or has the sentence that introduces it in its context, if
//!   one fits (`corpus/passages/lone.rs`). Of 7,326 passages of the documentation of Node.js, 62 are a code block with
//!   neither; 244 were without this rule. Tokens were estimated at one for every six letters of a word.
//! - The context of a passage is its headings, and the title only if it has no heading. Queries for known files in two
//!   folders of Markdown, the documentation of undici (24 queries, 355 passages) and of npm (30, 1,404), have these
//!   MRR@10 with the bundled model and 8-bit integers: nothing above 0.821 and 0.728, headings 0.860 and 0.714, title
//!   and headings in one line 0.826 and 0.631, on separate lines 0.875 and 0.640. Of 500 abstracts of SciFact as
//!   Markdown (100 queries, 1,022 passages), whose files are named by numbers: nothing 0.883, headings 0.894, title and
//!   headings 0.889. Titles of code were not measured.
//! - The rules for passages have a version in the reading rule (`indexing/rule.rs`), so that changes of the rules are
//!   detected.
//! - Front matter is YAML only. TOML between `+++` stays text: a parser would add four crates for a rare format.
//! - A rebuild embeds the texts in the catalog, so that sources that no longer exist or were piped in are kept.
//! - A model of a service is identified by everything that is known of it (`embedding/identity.rs`): its weights are not here
//!   to be hashed. It has no entry in the catalog of its own: the identity is text where a fingerprint would be.
//! - Small sources are embedded ahead, together, only for services (`indexing/ahead.rs`): they are then read twice, which a
//!   local model would not repay.
//! - Requests to services run on threads, not on an async runtime: a few at a time are enough, and the engine is
//!   synchronous throughout. Only the server has an async runtime, for connections; it calls the engine on threads that may
//!   wait.
//! - The server takes no address of another server, and `embed search` none of a server: a cold search takes about 20 ms.
//! - An embedder counts tokens of a text for batches of a stream and then tokenizes it again: the trait does not expose
//!   tokens, and tokenizing takes a few percent of the time of encoding.
//!
//! # Dependencies
//!
//! | crate | why |
//! | --- | --- |
//! | `candle-core`, `candle-nn`, `candle-transformers` | the reference encoder of every architecture, and the way to other devices |
//! | `tokenizers`, `ahash` | the same token ids as the model's authors; the map type of its vocabulary |
//! | `safetensors`, `half` | the weights file: a checked header, and float16, in `.npy` files too |
//! | `hf-hub` | the layout of the cache of hub models; its downloads have no time-out and check no digests |
//! | `ureq`, `sha1` | requests to the hub, with both, and to services; the git digests that name small files on the hub |
//! | `tiktoken-rs`, `base64`, `httpdate` | with the feature `providers` only: tokens as OpenAI counts them; vectors in answers; the dates of `retry-after` |
//! | `axum`, `hyper`, `hyper-util`, `tokio`, `http-body-util`, `bytes` | with the feature `server` only, as the next two lines: routes, connections, threads and timers of HTTP |
//! | `tokio-io-timeout`, `listenfd`, `form_urlencoded`, `serde_path_to_error`, `subtle` | clients that read slowly; sockets from systemd; parameters of URLs; the field that a refusal is about; keys compared in constant time |
//! | `postgres`, `pgvector` | the client of Postgres and its type of vectors |
//! | `rmcp` | the Model Context Protocol, by its authors |
//! | `rusqlite` | the catalog: atomic commits, filters and copies, from SQLite, compiled in |
//! | `roaring` | the set of live rows, compressed |
//! | `memmap2`, `bytemuck` | the matrix and the weights as slices, without copying |
//! | `sha2`, `crc32fast` | fingerprints, content and text hashes; checksums of vectors, codes and rows of the catalog |
//! | `ignore` | walking folders by the rules of `.gitignore` |
//! | `encoding_rs` | text that is not UTF-8, as browsers read it |
//! | `waken_snowball`, `unicode-normalization` | terms of words: stems of the Snowball project's English stemmer, and text without accents |
//! | `csv-core`, `html5gum`, `memchr` | tables and pages as streams; line ends at memory speed |
//! | `saphyr-parser` | front matter: YAML as events, so that aliases can be refused and depth limited |
//! | `rayon` | threads |
//! | `serde`, `serde_json` | configuration files, metadata, JSON results |
//! | `tempfile` | exported files, which appear whole or not at all; copies of the catalog |
//! | `parquet`, `arrow-array`, `arrow-schema` | exports as Parquet, with the feature `parquet` only |
//! | `thiserror` | typed errors |
//! | `getrandom`, `num-complex`, `chrono` | not used directly: their features are set so that build and tests share one build of candle and rmcp |
//! | `rustix` | the free space of a disk, before a model is fetched; the priority of threads that encode long texts for a server, and its limit of descriptors |
//! | `libc` | the handler of `SIGBUS`, for mapped files that another program cuts short |
//! | `anyhow`, `clap`, `clap_complete`, `clap_mangen`, `indicatif`, `signal-hook`, `anstyle`, `terminal_size`, `unicode-width` | the program only, with the feature `cli`: errors on their way out, arguments, completions, manual pages, progress, signals, color, and lines that fit the terminal |

pub mod analysis;
pub mod corpus;
pub mod embedding;
pub mod engine;
pub mod exchange;
pub mod filter;
pub mod http;
pub mod hub;
pub mod index;
pub mod indexing;
pub mod mapped_file;
pub mod model;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "providers")]
pub mod providers;
pub mod reference;
pub mod scan;
pub mod search;
#[cfg(feature = "server")]
pub mod server;
pub mod simd;
pub mod streaming;
pub mod topk;
pub mod vectors;
pub mod words;
