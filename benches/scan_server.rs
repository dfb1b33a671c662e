//! Times scans on request, so that `compare_scan.py` can alternate them with other libraries.
//!
//! Arguments: a file of float32 rows, a file of float32 queries, and the dimension. Each line of standard input is a
//! command, answered with a line of JSON: the time in milliseconds, the best rows of each query, and the fraction of rows
//! that was scored in float32.
//!
//! - `read`: sums the bytes of the coarse codes on all threads;
//! - `codes N`, `float32 N`: finds the ten best rows for the first N queries, with and without the codes.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::io::stdin;
use std::time::Instant;
use std::{env, fs};

use embed::scan::codes::{Codes, encode_rows};
use embed::scan::{Found, Rows, Scan, ScanRequest};
use embed::vectors::Dimension;
use memmap2::{Advice, MmapMut};
use rayon::prelude::*;
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [rows, queries, dimension] = arguments.as_slice() else {
        println!("scan_server: started without arguments, nothing was measured (compare_scan.py starts it)");
        return Ok(());
    };
    let dimension = Dimension::new(dimension.parse()?).ok_or("a dimension of 1 or more")?;
    let (values, queries) = (huge_pages(&fs::read(rows)?)?, huge_pages(&fs::read(queries)?)?);
    let rows = Rows::new(bytemuck::cast_slice(&values), dimension);
    let encoded = encode_rows(rows);
    let (coarse, fine) = (huge_pages(&encoded.coarse)?, huge_pages(&encoded.fine)?);
    let queries: &[f32] = bytemuck::cast_slice(&queries);
    let plain = Scan::new(rows);
    let coded = plain.with_codes(Codes::new(&coarse, &fine, dimension)?);
    for line in stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let first =
            |count: &str| Ok::<_, Box<dyn Error>>(&queries[..count.parse::<usize>()? * dimension.get()]);
        let answer = match *words.as_slice() {
            ["read"] => timed(|| read(&coarse)),
            ["codes", count] => scanned(&coded, first(count)?),
            ["float32", count] => scanned(&plain, first(count)?),
            _ => return Err(format!("unknown command '{line}'").into()),
        };
        println!("{answer}");
    }
    Ok(())
}

/// Copies `bytes` to huge pages, which NumPy uses for its arrays, so that neither side has an advantage.
fn huge_pages(bytes: &[u8]) -> std::io::Result<MmapMut> {
    let mut copy = MmapMut::map_anon(bytes.len())?;
    copy.advise(Advice::HugePage)?;
    copy.copy_from_slice(bytes);
    Ok(copy)
}

fn timed(work: impl FnOnce() -> u64) -> serde_json::Value {
    let started = Instant::now();
    let sum = work();
    json!({"milliseconds": started.elapsed().as_secs_f64() * 1e3, "sum": sum})
}

fn scanned(scan: &Scan<'_>, queries: &[f32]) -> serde_json::Value {
    let started = Instant::now();
    let found = scan.search_many(queries, &ScanRequest::best(10));
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let numbers = |found: &Found| found.best.iter().map(|scored| scored.row.0).collect::<Vec<_>>();
    let share = |found: &Found| found.statistics.rows_scored as f64 / found.statistics.rows as f64;
    json!({
        "milliseconds": milliseconds,
        "rows": found.iter().map(numbers).collect::<Vec<_>>(),
        "share_scored": found.iter().map(share).sum::<f64>() / found.len() as f64,
    })
}

/// Reads `bytes` on all threads, in blocks of the size that a scan uses.
fn read(bytes: &[u8]) -> u64 {
    let sum = |piece: &[u8]| {
        let mut lanes = [0u64; 32];
        for words in piece.as_chunks::<8>().0.as_chunks::<32>().0 {
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = lane.wrapping_add(u64::from_le_bytes(*word));
            }
        }
        lanes.into_iter().fold(0, u64::wrapping_add)
    };
    bytes.par_chunks(1 << 16).map(sum).reduce(|| 0, u64::wrapping_add)
}
