//! The scan against sorting all rows by their scores.

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::blocks::Blocks;
use super::codes::{self, Codes};
use super::screened::Screened;
use super::test_rows::{any_row, random_rows};
use super::*;
use crate::simd::InstructionSet;
use crate::topk::Scored;
use crate::vectors::{Dimension, RowId, UnitVectors};

/// The answer by its definition: score, sort, cut.
fn sorted_and_truncated(rows: Rows<'_>, query: &[f32], request: &ScanRequest<'_>) -> Vec<Scored> {
    let mut scored: Vec<Scored> = (0..rows.len() as u32)
        .filter(|row| request.allowed.is_none_or(|allowed| allowed.contains(*row)))
        .map(|row| Scored {
            score: InstructionSet::SCALAR
                .dot(query, &rows.values()[row as usize * query.len()..][..query.len()]),
            row: RowId(row),
        })
        .filter(|scored| request.minimum.is_none_or(|minimum| scored.score >= minimum))
        .collect();
    scored.sort_by(|a, b| b.cmp(a));
    scored.truncate(request.count);
    scored
}

/// Rows and scores, bit for bit except the payload of a NaN.
fn bits(scored: &[Scored]) -> Vec<(u32, u32)> {
    let bits = |score: f32| if score.is_nan() { f32::NAN } else { score }.to_bits();
    scored.iter().map(|scored| (scored.row.0, bits(scored.score))).collect()
}

fn all_bits(found: &[Found]) -> Vec<Vec<(u32, u32)>> {
    found.iter().map(|found| bits(&found.best)).collect()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool").install(work)
}

#[test]
fn no_rows_or_no_queries_have_no_answers() {
    let dimension = Dimension::new(3).expect("a small dimension");
    let none = Scan::new(Rows::new(&[], dimension));
    assert!(none.search(&[1.0, 0.0, 0.0], &ScanRequest::best(5)).best.is_empty());
    assert!(none.search_many(&[], &ScanRequest::best(5)).is_empty());
}

#[test]
#[should_panic(expected = "the dimension of the rows")]
fn a_query_of_another_dimension_is_refused() {
    let rows = random_rows(3, 4, 1);
    let _ = Scan::new(Rows::from(&rows)).search(&[1.0; 5], &ScanRequest::best(1));
}

/// Rows around a few directions, as those of texts are.
fn clustered_rows(count: usize, dimension: usize) -> UnitVectors {
    let (centres, noise) = (random_rows(50, dimension, 3), random_rows(count, dimension, 4));
    let mut rows = UnitVectors::new(noise.dimension());
    for (index, noise) in noise.rows().enumerate() {
        let centre = centres.row(index * index % centres.len());
        let row: Vec<f32> = centre.iter().zip(noise).map(|(centre, noise)| centre + 0.7 * noise).collect();
        rows.push(&row).expect("a row that is not zero");
    }
    rows
}

/// Rows in the plane of the first two components, each nearer to the first than the one before.
fn ascending_rows(count: usize, dimension: usize) -> UnitVectors {
    let mut rows = UnitVectors::new(Dimension::new(dimension).expect("a small dimension"));
    for index in 0..count {
        let angle = 1.5 * (1.0 - index as f32 / count as f32);
        let mut row = vec![0.0; dimension];
        (row[0], row[1]) = (angle.cos(), angle.sin());
        rows.push(&row).expect("a row that is not zero");
    }
    rows
}

/// Compares the scan of `rows` with their codes with sort-and-truncate, for any number of threads, and returns the
/// rows that were scored for each of `queries`.
fn rows_scored(rows: &UnitVectors, queries: &[f32], request: &ScanRequest<'_>) -> Vec<usize> {
    let rows = Rows::from(rows);
    let encoded = codes::encode_rows(rows);
    let codes = Codes::new(&encoded.coarse, &encoded.fine, rows.dimension()).expect("codes of whole rows");
    let scan = Scan::new(rows).with_codes(codes);
    let found = [1, 2, 5].map(|threads| on_threads(threads, || scan.search_many(queries, request)));
    assert!(found.iter().all(|other| *other == found[0]), "threads make no difference");
    for (query, found) in queries.chunks_exact(rows.dimension().get()).zip(&found[0]) {
        assert_eq!(bits(&found.best), bits(&sorted_and_truncated(rows, query, request)));
    }
    found[0].iter().map(|found| found.statistics.rows_scored).collect()
}

/// Enough rows of 64 components for codes to be read, for many queries as for one.
const MANY: usize = 50_000;

#[test]
fn codes_rule_out_nearly_all_of_random_and_of_clustered_rows() {
    for rows in [random_rows(MANY, 64, 1), clustered_rows(MANY, 64)] {
        for query_count in [1, 20] {
            let queries = &rows.as_slice()[..query_count * 64];
            for scored in rows_scored(&rows, queries, &ScanRequest::best(10)) {
                assert!((10..MANY / 100).contains(&scored), "{scored} rows were scored");
            }
        }
    }
}

#[test]
fn rows_that_ascend_are_ruled_out_in_the_end() {
    let rows = ascending_rows(MANY, 64);
    let request = ScanRequest { minimum: Some(0.5), ..ScanRequest::best(25) };
    for query_count in [1, 20] {
        let queries = rows.as_slice()[rows.as_slice().len() - query_count * 64..].to_vec();
        for scored in rows_scored(&rows, &queries, &request) {
            assert!((25..MANY / 5).contains(&scored), "{scored} rows were scored");
        }
    }
}

#[test]
fn rows_that_are_all_the_same_are_all_scored() {
    let row = random_rows(1, 64, 5);
    let mut rows = UnitVectors::new(row.dimension());
    for _ in 0..MANY {
        rows.append(&row);
    }
    for query_count in [1, 20] {
        let queries = row.as_slice().repeat(query_count);
        assert_eq!(rows_scored(&rows, &queries, &ScanRequest::best(3)), vec![MANY; query_count]);
    }
}

#[test]
fn rows_that_are_not_allowed_are_not_scored() {
    let rows = clustered_rows(MANY + MANY / 5, 64);
    let allowed: RoaringBitmap = (0..).take(rows.len()).filter(|row| row % 7 != 0).collect();
    let request = ScanRequest { allowed: Some(&allowed), ..ScanRequest::best(10) };
    for query_count in [1, 20] {
        let queries = &rows.as_slice()[..query_count * 64];
        for scored in rows_scored(&rows, queries, &request) {
            assert!((10..MANY / 100).contains(&scored), "{scored} rows were scored");
        }
    }
}

#[test]
fn rows_without_codes_are_scanned_alike_on_any_number_of_threads() {
    let (rows, queries) = (random_rows(3_000, 96, 1), random_rows(7, 96, 2));
    let scan = Scan::new(Rows::from(&rows));
    let request = ScanRequest { minimum: Some(0.05), ..ScanRequest::best(25) };
    for threads in [1, 2, 5] {
        let found = on_threads(threads, || scan.search_many(queries.as_slice(), &request));
        let expected =
            queries.rows().map(|query| bits(&sorted_and_truncated(Rows::from(&rows), query, &request)));
        assert_eq!(all_bits(&found), expected.collect::<Vec<_>>());
    }
}

#[test]
#[should_panic(expected = "codes are those of the first rows")]
fn codes_of_more_rows_are_refused() {
    let rows = random_rows(3, 4, 1);
    let encoded = codes::encode_rows(Rows::from(&rows));
    let codes = Codes::new(&encoded.coarse, &encoded.fine, rows.dimension()).expect("codes of whole rows");
    let _ = Scan::new(Rows::new(&rows.as_slice()[..8], rows.dimension())).with_codes(codes);
}

#[test]
fn rows_without_codes_are_scored() {
    let rows = random_rows(MANY, 64, 3);
    let rows = Rows::from(&rows);
    let first = Rows::new(&rows.values()[..(MANY - 40) * 64], rows.dimension());
    let encoded = codes::encode_rows(first);
    let codes = Codes::new(&encoded.coarse, &encoded.fine, rows.dimension()).expect("codes of whole rows");
    let scan = Scan::new(rows).with_codes(codes);
    for query in [MANY - 1, MANY - 41, 7] {
        let query = rows.row(RowId(query as u32));
        for allowed in [None, Some(((MANY as u32 - 3000)..MANY as u32).collect())] {
            let request = ScanRequest { allowed: allowed.as_ref(), ..ScanRequest::best(5) };
            let found = scan.search(query, &request);
            assert_eq!(bits(&found.best), bits(&sorted_and_truncated(rows, query, &request)));
        }
    }
}

/// The checksums of rows and of their codes.
fn checksums_of(rows: Rows<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in rows.values().chunks(checksums::ROWS_OF_A_BLOCK * rows.dimension().get()) {
        let block = Rows::new(block, rows.dimension());
        (0..block.len() as u32).for_each(|row| {
            bytes.extend(checksums::row_checksum(block.row(RowId(row))).to_le_bytes());
        });
        if block.len() == checksums::ROWS_OF_A_BLOCK {
            let encoded = codes::encode_rows(block);
            bytes.extend(crc32fast::hash(&encoded.coarse).to_le_bytes());
            bytes.extend(crc32fast::hash(&encoded.fine).to_le_bytes());
        }
    }
    bytes
}

/// What scans of a matrix that was damaged after its checksums were made report, for one query and for many.
fn differences(harm: impl Fn(&mut [f32], &mut [u8], &mut [u8])) -> Vec<Option<checksums::Difference>> {
    let mut rows = random_rows(MANY, 64, 4);
    let queries = rows.as_slice()[..20 * 64].to_vec();
    let count = MANY / checksums::ROWS_OF_A_BLOCK * checksums::ROWS_OF_A_BLOCK * 64;
    let bytes = checksums_of(Rows::from(&rows));
    let mut encoded = codes::encode_rows(Rows::new(&rows.as_slice()[..count], rows.dimension()));
    let mut values = std::mem::replace(&mut rows, random_rows(1, 64, 1)).as_slice().to_vec();
    harm(&mut values, &mut encoded.coarse, &mut encoded.fine);
    let rows = Rows::new(&values, rows.dimension());
    let codes = Codes::new(&encoded.coarse, &encoded.fine, rows.dimension()).expect("codes of whole rows");
    let checksums = checksums::Checksums::new(&bytes, MANY).expect("checksums of all rows");
    [1, 20]
        .into_iter()
        .map(|query_count| {
            let checked = checksums::Checked::new(MANY);
            let scan = Scan::new(rows).with_codes(codes).with_checksums(checksums, &checked);
            let _best = scan.search_many(&queries[..query_count * 64], &ScanRequest::best(5));
            checked.difference()
        })
        .collect()
}

#[test]
fn what_a_scan_reads_is_compared_with_its_checksums() {
    use checksums::Difference;
    assert_eq!(differences(|_, _, _| ()), [None, None]);
    // The first row is the best for the first query, so it is scored.
    assert_eq!(differences(|rows, _, _| rows[9] += 0.25), [Some(Difference::Row(RowId(0))); 2]);
    let coarse = differences(|_, coarse, _| coarse[56 * 64 * 3 + 5] ^= 1);
    assert_eq!(coarse, [Some(Difference::CoarseCodes(RowId(192))); 2]);
    let fine = differences(|_, _, fine| fine[7] ^= 1);
    assert_eq!(fine, [Some(Difference::FineCodes(RowId(0))); 2]);
}

/// A dimension, rows of which some occur more than once, and queries.
fn any_matrices() -> impl Strategy<Value = (usize, Vec<Vec<f32>>, Vec<Vec<f32>>)> {
    (1usize..80).prop_flat_map(|dimension| {
        let different = prop::collection::vec(any_row(dimension), 1..30);
        let rows = (different, prop::collection::vec(any::<prop::sample::Index>(), 0..150)).prop_map(
            |(different, picks)| picks.iter().map(|pick| pick.get(&different).clone()).collect::<Vec<_>>(),
        );
        (Just(dimension), rows, prop::collection::vec(any_row(dimension), 1..20))
    })
}

proptest! {
    #[test]
    fn the_answer_is_that_of_sort_and_truncate(
        (dimension, rows, queries) in any_matrices(),
        count in prop_oneof![3 => 0usize..20, 1 => 0usize..170, 1 => Just(usize::MAX)],
        at_minimum in prop::option::of(any::<prop::sample::Index>()),
        allowed in prop::option::of(prop::collection::btree_set(0u32..170, 0..170)),
    ) {
        let dimension = Dimension::new(dimension).expect("a small dimension");
        let (values, query_values) = (rows.concat(), queries.concat());
        let rows = Rows::new(&values, dimension);
        let encoded = codes::encode_rows(rows);
        let codes = Codes::new(&encoded.coarse, &encoded.fine, dimension).expect("codes of whole rows");
        let allowed = allowed.map(RoaringBitmap::from_iter);
        let all = sorted_and_truncated(rows, &queries[0], &ScanRequest::best(usize::MAX));
        let minimum = at_minimum.filter(|_| !all.is_empty()).map(|index| index.get(&all).score);
        let request = ScanRequest { count, minimum, allowed: allowed.as_ref() };
        let blocks = Blocks::new(rows, request.allowed);
        let expected: Vec<_> =
            queries.iter().map(|query| bits(&sorted_and_truncated(rows, query, &request))).collect();
        for set in InstructionSet::available() {
            let scan = Scan::new(rows).with_instruction_set(set);
            for (query, expected) in queries.iter().zip(&expected) {
                let plain = scan.search(query, &request);
                prop_assert_eq!(&bits(&plain.best), expected, "{}", set);
                let screened = Screened { set, rows, codes, guard: None }.search(&blocks, query, &request);
                prop_assert_eq!(&bits(&screened[0].best), expected, "{}", set);
            }
            let plain = scan.search_many(&query_values, &request);
            prop_assert_eq!(all_bits(&plain), expected.clone(), "{}", set);
            let screened = Screened { set, rows, codes, guard: None }.search(&blocks, &query_values, &request);
            prop_assert_eq!(all_bits(&screened), expected.clone(), "{}", set);
        }
    }
}
