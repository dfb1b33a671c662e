//! The scan against sorting all rows by their scores.

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::vectors::RowId;

/// Rows that look random, of length 1, the same on every run.
fn random_rows(count: usize, dimension: usize, seed: u64) -> UnitVectors {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    let mut rows = UnitVectors::new(Dimension::new(dimension).expect("a small dimension"));
    for _ in 0..count {
        let row: Vec<f32> = (0..dimension).map(|_| next()).collect();
        rows.push(&row).expect("the values are not all zero");
    }
    rows
}

/// The answer by its definition: score, sort, cut.
fn sorted_and_truncated(rows: Rows<'_>, query: &[f32], request: &Request<'_>) -> Vec<Scored> {
    let mut scored: Vec<Scored> = (0..rows.len() as u32)
        .filter(|row| request.allowed.is_none_or(|allowed| allowed.contains(*row)))
        .map(|row| Scored {
            score: Kernel::SCALAR.dot(query, rows.values_of(&(row..row + 1))),
            row: RowId(row),
        })
        .filter(|scored| request.minimum.is_none_or(|minimum| scored.score >= minimum))
        .collect();
    scored.sort_by(|a, b| b.cmp(a));
    scored.truncate(request.count);
    scored
}

/// Rows and scores, bit for bit.
fn bits(scored: &[Scored]) -> Vec<(u32, u32)> {
    scored.iter().map(|scored| (scored.row.0, scored.score.to_bits())).collect()
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool").install(work)
}

#[test]
fn no_rows_or_no_queries_have_no_answers() {
    let dimension = Dimension::new(3).expect("a small dimension");
    let none = Scan::new(Rows::new(&[], dimension));
    assert!(none.search(&[1.0, 0.0, 0.0], &Request::best(5)).best.is_empty());
    assert!(none.search_many(&[], &Request::best(5)).is_empty());
}

#[test]
#[should_panic(expected = "the dimension of the rows")]
fn a_query_of_another_dimension_is_refused() {
    let rows = random_rows(3, 4, 1);
    let _ = Scan::new(Rows::from(&rows)).search(&[1.0; 5], &Request::best(1));
}

#[test]
fn a_scan_of_many_rows_does_not_depend_on_the_threads() {
    let (rows, queries) = (random_rows(3_000, 96, 1), random_rows(7, 96, 2));
    let scan = Scan::new(Rows::from(&rows));
    let request = Request { minimum: Some(0.05), ..Request::best(25) };
    for threads in [1, 2, 5] {
        let found = on_threads(threads, || scan.search_many(queries.as_slice(), &request));
        assert_eq!(found.len(), 7);
        for (query, found) in queries.rows().zip(found) {
            assert_eq!(bits(&found.best), bits(&sorted_and_truncated(scan.rows, query, &request)));
        }
    }
}

proptest! {
    #[test]
    fn the_answer_is_that_of_sort_and_truncate(
        row_count in 0usize..60,
        query_count in 1usize..6,
        dimension in 1usize..40,
        count in prop_oneof![0usize..70, Just(usize::MAX)],
        minimum in prop::option::of(-1f32..1.0),
        allowed in prop::option::of(prop::collection::btree_set(0u32..80, 0..60)),
        seed in any::<u64>(),
    ) {
        let (rows, queries) = (random_rows(row_count, dimension, seed), random_rows(query_count, dimension, !seed));
        let allowed = allowed.map(RoaringBitmap::from_iter);
        let request = Request { count, minimum, allowed: allowed.as_ref() };
        for kernel in Kernel::available() {
            let scan = Scan::new(Rows::from(&rows)).with_kernel(kernel);
            let together = scan.search_many(queries.as_slice(), &request);
            prop_assert_eq!(together.len(), query_count);
            for (query, together) in queries.rows().zip(together) {
                let expected = bits(&sorted_and_truncated(scan.rows, query, &request));
                prop_assert_eq!(bits(&scan.search(query, &request).best), expected.clone(), "{}", kernel);
                prop_assert_eq!(bits(&together.best), expected, "{}", kernel);
            }
        }
    }
}
