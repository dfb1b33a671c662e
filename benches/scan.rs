//! The speed of scans, beside that of reading the same bytes.
//!
//! `cargo bench --bench scan` needs 2 GB of memory; a filter shortens it, as in `cargo bench --bench scan -- one`.
//! Compare lines of one run only. Bytes are those that the scan reads, of float32 rows or of coarse codes, so that its
//! speed compares with that of reading them. Small matrices are never scanned by their codes and have no such line.

use std::sync::LazyLock;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use embed::scan::codes::{Codes, Encoded, coarse_record_size, encode_rows, fine_record_size};
use embed::scan::{Rows, Scan, ScanRequest};
use embed::simd::InstructionSet;
use embed::vectors::{Dimension, normalize};
use rayon::prelude::*;

const DIMENSION: usize = 384;
const QUERIES: usize = 64;
const ROW_COUNTS: [usize; 3] = [1_000, 100_000, 1_000_000];
const BYTES_OF_A_PIECE: usize = 1 << 18;
const WANTED: ScanRequest<'static> = ScanRequest::best(10);

/// The rows of the largest matrix; the others are prefixes of it.
static ROWS: LazyLock<Vec<f32>> = LazyLock::new(|| random_rows(ROW_COUNTS[2], 1));
static CODES: LazyLock<Encoded> = LazyLock::new(|| encode_rows(Rows::new(&ROWS, dimension())));
static MANY: LazyLock<Vec<f32>> = LazyLock::new(|| random_rows(QUERIES, 1 << 32));

fn main() {
    // Initialized before the first measurement.
    LazyLock::force(&CODES);
    LazyLock::force(&MANY);
    divan::main();
}

/// A matrix and the kernel that scans it.
struct Case {
    row_count: usize,
    kernel: InstructionSet,
}

impl std::fmt::Display for Case {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} rows, {}", self.row_count, self.kernel)
    }
}

/// All sizes on every kernel except the scalar one, which is a reference.
fn cases(row_counts: &[usize]) -> impl Iterator<Item = Case> {
    let kernels = || InstructionSet::available().filter(|kernel| *kernel != InstructionSet::SCALAR);
    row_counts.iter().flat_map(move |&row_count| kernels().map(move |kernel| Case { row_count, kernel }))
}

impl Case {
    fn scan(&self) -> Scan<'static> {
        Scan::new(Rows::new(rows_of(self.row_count), dimension())).with_instruction_set(self.kernel)
    }

    fn scan_with_codes(&self) -> Scan<'static> {
        let fine = &CODES.fine[..self.row_count * fine_record_size(dimension())];
        let codes = Codes::new(coarse_bytes(self.row_count), fine, dimension());
        self.scan().with_codes(codes.expect("codes of whole rows"))
    }
}

fn dimension() -> Dimension {
    Dimension::new(DIMENSION).expect("a dimension in use")
}

fn rows_of(row_count: usize) -> &'static [f32] {
    &ROWS[..row_count * DIMENSION]
}

/// The bytes that the first pass of a scan for one query reads.
fn coarse_bytes(row_count: usize) -> &'static [u8] {
    &CODES.coarse[..row_count * coarse_record_size(dimension())]
}

/// Unit rows in pseudorandom directions, the same on every run.
fn random_rows(row_count: usize, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; row_count * DIMENSION];
    values.par_chunks_exact_mut(DIMENSION).enumerate().for_each(|(index, row)| {
        let mut state = (seed + index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for value in row.iter_mut() {
            // The sum of four uniform numbers is approximately normal.
            *value = (0..4).map(|_| uniform(&mut state)).sum();
        }
        normalize(row).expect("the row is not zero");
    });
    values
}

/// A number from -1 to 1.
fn uniform(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
}

/// Reading alone, on all threads and in blocks of the size that a scan uses.
mod read {
    use super::{BYTES_OF_A_PIECE, Bencher, BytesCount, ROW_COUNTS, black_box, coarse_bytes, rows_of};
    use rayon::prelude::*;

    #[divan::bench(args = ROW_COUNTS)]
    fn float32(bencher: Bencher<'_, '_>, row_count: usize) {
        let values = rows_of(row_count);
        bencher.counter(BytesCount::of_slice(values)).bench(|| sum_values(black_box(values)));
    }

    #[divan::bench(args = ROW_COUNTS)]
    fn codes(bencher: Bencher<'_, '_>, row_count: usize) {
        let bytes = coarse_bytes(row_count);
        bencher.counter(BytesCount::of_slice(bytes)).bench(|| sum_bytes(black_box(bytes)));
    }

    fn sum_values(values: &[f32]) -> f32 {
        let sum = |piece: &[f32]| {
            let mut lanes = [0.0; 64];
            for values in piece.as_chunks::<64>().0 {
                lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane += value);
            }
            lanes.into_iter().sum::<f32>()
        };
        values.par_chunks(BYTES_OF_A_PIECE / 4).map(sum).sum()
    }

    fn sum_bytes(bytes: &[u8]) -> u64 {
        let sum = |piece: &[u8]| {
            let mut lanes = [0u64; 32];
            for words in piece.as_chunks::<8>().0.as_chunks::<32>().0 {
                let values = words.iter().map(|word| u64::from_le_bytes(*word));
                lanes.iter_mut().zip(values).for_each(|(lane, value)| *lane = lane.wrapping_add(value));
            }
            lanes.into_iter().fold(0, u64::wrapping_add)
        };
        bytes.par_chunks(BYTES_OF_A_PIECE).map(sum).reduce(|| 0, u64::wrapping_add)
    }
}

mod one_query {
    use super::{
        Bencher, BytesCount, Case, DIMENSION, MANY, ROW_COUNTS, WANTED, cases, coarse_bytes, rows_of,
    };

    #[divan::bench(args = cases(&ROW_COUNTS))]
    fn float32(bencher: Bencher<'_, '_>, case: &Case) {
        let (scan, bytes) = (case.scan(), BytesCount::of_slice(rows_of(case.row_count)));
        bencher.counter(bytes).bench(|| scan.search(&MANY[..DIMENSION], &WANTED));
    }

    #[divan::bench(args = cases(&ROW_COUNTS[1..]))]
    fn codes(bencher: Bencher<'_, '_>, case: &Case) {
        let (scan, bytes) = (case.scan_with_codes(), BytesCount::of_slice(coarse_bytes(case.row_count)));
        bencher.counter(bytes).bench(|| scan.search(&MANY[..DIMENSION], &WANTED));
    }
}

/// Items are scores: rows times queries.
mod many_queries {
    use super::{Bencher, Case, ItemsCount, MANY, QUERIES, ROW_COUNTS, WANTED, cases};

    #[divan::bench(args = cases(&ROW_COUNTS), sample_count = 5)]
    fn float32(bencher: Bencher<'_, '_>, case: &Case) {
        let scan = case.scan();
        bencher.counter(ItemsCount::new(case.row_count * QUERIES)).bench(|| scan.search_many(&MANY, &WANTED));
    }

    #[divan::bench(args = cases(&ROW_COUNTS[1..]), sample_count = 5)]
    fn codes(bencher: Bencher<'_, '_>, case: &Case) {
        let scan = case.scan_with_codes();
        bencher.counter(ItemsCount::new(case.row_count * QUERIES)).bench(|| scan.search_many(&MANY, &WANTED));
    }
}
