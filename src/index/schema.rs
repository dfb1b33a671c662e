//! The tables of the catalog and the versions of its format.
//!
//! Rules that later versions and other programs can rely on:
//!
//! - A vector has a *number*, given once and never reused. `passages.vector` holds it. A generation lists the
//!   numbers it holds, in increasing order, as a bitmap: the n-th number of the bitmap is row n of the file.
//!   Compaction therefore changes one bitmap and no passage.
//! - `generations.live` has the *rows* (not numbers) that a search scans: those of the passages of visible
//!   sources.
//! - Bitmaps are in the portable Roaring format (<https://github.com/RoaringBitmap/RoaringFormatSpec>).
//! - A source is `pending` while it is being read, `visible` once whole, `retired` when it is replaced or
//!   removed. At most one source of a path is visible. Retired content is deleted step by step after the
//!   commit that retired it.
//! - `segments.encoding` says which file the rows are in: `f32`. Codes have no segments: they are made from the
//!   rows, and have checksums beside those of the rows (`vectors-<generation>.crc`).
//! - `checksum` is a CRC-32 of other columns of the row (`record_checksums.rs`).
//! - Every segment of words starts with an empty term; `postings.next` is the term that follows.
//! - Settings with unknown names are kept and ignored.
//!
//! # Versions
//!
//! `PRAGMA user_version` holds the version. A new catalog gets the tables of version 1 and then every entry of
//! [`MIGRATIONS`]; a writer brings an older catalog up to date with the entries that it lacks, in one
//! transaction. A reader never changes a catalog: queries name a column of a later version through
//! `Catalog::columns_since`, which reads null from an older catalog.
//!
//! To add a version, append an entry to [`MIGRATIONS`] and keep a small index of the version before it in
//! `tests/fixtures/`.

/// `embd` in ASCII: marks an `SQLite` file as a catalog of this program.
pub(super) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"embd");

/// The oldest version there is.
pub(super) const FIRST_VERSION: u32 = 1;

/// The format version of the catalogs that this program writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = FIRST_VERSION + MIGRATIONS.len() as u32;

/// The statements that lead from each version to the next: the first entry from version 1 to version 2.
const MIGRATIONS: [&str; 3] = [
    // 2: the change time and the inode show that a file was replaced by one of the same size and time.
    "ALTER TABLE sources ADD COLUMN changed_ns INTEGER;
     ALTER TABLE sources ADD COLUMN inode INTEGER;      -- the bits of an unsigned integer",
    // 3: titles and headings are found with a text; words are found exactly (`words.rs`).
    "ALTER TABLE passages ADD COLUMN context TEXT;
     CREATE TABLE word_segments (
         segment      INTEGER PRIMARY KEY AUTOINCREMENT,
         level        INTEGER NOT NULL,
         first_vector INTEGER NOT NULL,  -- the lowest vector number in it
         bytes        INTEGER NOT NULL   -- of its terms and postings
     ) STRICT;
     CREATE TABLE postings (
         segment  INTEGER NOT NULL REFERENCES word_segments (segment),
         term     TEXT NOT NULL,
         postings BLOB NOT NULL,
         PRIMARY KEY (segment, term)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE word_lengths (
         chunk   INTEGER PRIMARY KEY,
         lengths BLOB NOT NULL
     ) STRICT;",
    // 4: rows that answers depend on have a checksum (`record_checksums.rs`), as vectors and codes do.
    "ALTER TABLE settings ADD COLUMN checksum INTEGER;
     ALTER TABLE generations ADD COLUMN checksum INTEGER;
     ALTER TABLE sources ADD COLUMN checksum INTEGER;
     ALTER TABLE documents ADD COLUMN checksum INTEGER;
     ALTER TABLE passages ADD COLUMN checksum INTEGER;
     ALTER TABLE postings ADD COLUMN checksum INTEGER;
     ALTER TABLE word_lengths ADD COLUMN checksum INTEGER;
     ALTER TABLE postings ADD COLUMN next TEXT;       -- the next term of the segment
     -- An older analysis could make an empty term, which no query has.
     INSERT OR REPLACE INTO postings (segment, term, postings) SELECT segment, '', x'' FROM word_segments;
     UPDATE postings SET next = (SELECT min(after.term) FROM postings AS after
                                 WHERE after.segment = postings.segment AND after.term > postings.term);
     INSERT OR REPLACE INTO settings (name, value)
         SELECT 'word_segments', row_checksum(group_concat(segment || ':' || first_vector))
         FROM (SELECT segment, first_vector FROM word_segments ORDER BY segment);
     INSERT OR IGNORE INTO settings (name, value) VALUES ('words', 0);  -- none are made yet
     UPDATE settings SET checksum = row_checksum(name, value);
     UPDATE generations SET checksum = row_checksum(generation, rows, next_vector, vectors, live);
     UPDATE sources SET checksum = row_checksum(path, rule);
     UPDATE documents SET checksum = row_checksum(source, key, line, metadata);
     UPDATE passages SET checksum = row_checksum(document, ordinal, vector, line, end_line, start_byte, end_byte,
                                                 text_hash, text, context);
     UPDATE postings SET checksum = row_checksum(segment, term, postings, next,
         (SELECT first_vector FROM word_segments WHERE word_segments.segment = postings.segment));
     UPDATE word_lengths SET checksum = row_checksum(chunk, lengths);",
];

/// Since this version vectors, codes and rows of the catalog have checksums.
pub(super) const CHECKSUMS_SINCE: u32 = 4;

/// The statements that bring a catalog of `version` up to date.
///
/// # Panics
///
/// If there is no such version.
pub(super) fn migrations_from(version: u32) -> &'static [&'static str] {
    &MIGRATIONS[(version - FIRST_VERSION) as usize..]
}

/// The name of the setting that says which generation readers use.
pub(super) const LIVE_GENERATION: &str = "generation";

/// Creates every table of version 1.
pub(super) const FIRST_TABLES: &str = "
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE generations (
    generation  INTEGER PRIMARY KEY,
    rows        INTEGER NOT NULL,  -- committed rows of the file; never falls
    next_vector INTEGER NOT NULL,  -- the number of the next vector
    vectors     BLOB NOT NULL,     -- bitmap of numbers, one for each row
    live        BLOB NOT NULL      -- bitmap of rows
) STRICT;

CREATE TABLE segments (
    generation INTEGER NOT NULL REFERENCES generations (generation),
    encoding   TEXT NOT NULL,
    first_row  INTEGER NOT NULL,
    row_count  INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,   -- CRC-32 (IEEE) of the bytes of the rows
    PRIMARY KEY (generation, encoding, first_row)
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    path           TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('pending', 'visible', 'retired')),
    rule           TEXT NOT NULL,  -- JSON
    size           INTEGER,
    modified_ns    INTEGER,
    content_hash   BLOB,           -- SHA-256
    document_count INTEGER NOT NULL DEFAULT 0,
    passage_count  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sources_by_path ON sources (path);
CREATE UNIQUE INDEX visible_sources_by_path ON sources (path) WHERE state = 'visible';
CREATE INDEX retired_sources ON sources (id) WHERE state = 'retired';

CREATE TABLE documents (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   INTEGER NOT NULL REFERENCES sources (id),
    key      TEXT NOT NULL,
    line     INTEGER,
    metadata TEXT                  -- JSON
) STRICT;
CREATE UNIQUE INDEX documents_by_key ON documents (source, key);

CREATE TABLE passages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    document   INTEGER NOT NULL REFERENCES documents (id),
    ordinal    INTEGER NOT NULL,
    vector     INTEGER NOT NULL,
    line       INTEGER,
    end_line   INTEGER,
    start_byte INTEGER,
    end_byte   INTEGER,
    text_hash  BLOB NOT NULL,      -- first 16 bytes of a SHA-256
    text       TEXT NOT NULL
) STRICT;
CREATE INDEX passages_by_vector ON passages (vector);
CREATE INDEX passages_by_document ON passages (document, vector);
CREATE INDEX passages_by_text_hash ON passages (text_hash);
";
