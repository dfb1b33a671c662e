//! `.npy` files, and the documents beside them.

use std::io::Cursor;
use std::path::Path;

use embed::exchange::{DocumentsReader, NpyReader};

use super::reading::with_file;

/// The file; then the documents after the first NUL byte, if there is one after the header.
pub(crate) fn run(data: &[u8]) {
    if let Ok(mut reader) = NpyReader::new(Cursor::new(data), data.len() as u64, Path::new("a.npy")) {
        let (expected, width) = (reader.rows(), reader.dimension());
        let mut found = 0;
        loop {
            match reader.next_rows(3) {
                Ok(rows) if rows.is_empty() => {
                    assert_eq!(found, expected);
                    break;
                }
                Ok(rows) => {
                    found += rows.len() as u64;
                    for row in rows.as_slice().chunks(width.get()) {
                        let square: f64 = row.iter().map(|&value| f64::from(value).powi(2)).sum();
                        assert!((square - 1.0).abs() < 1e-3, "{square}");
                    }
                }
                Err(_) => break,
            }
        }
    }
    for ending in ["jsonl", "txt"] {
        with_file(data, |path| {
            let named = path.with_extension(ending);
            std::fs::rename(path, &named).expect("a temporary file can be renamed");
            if let Ok(documents) = DocumentsReader::open(&named) {
                documents.take_while(Result::is_ok).for_each(drop);
            }
        });
    }
}
