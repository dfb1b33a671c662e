//! Every kernel against sums in 64-bit integers.

use proptest::prelude::*;

use super::*;

/// The sum by its definition.
fn exact(row: &[u8], query: impl Iterator<Item = i64>) -> i64 {
    row.iter().zip(query).map(|(&byte, value)| (i64::from(byte) - i64::from(RAISED_BY)) * value).sum()
}

/// Rows of that width with `skipped` bytes before each, which no sum may depend on.
fn any_rows(width: usize) -> impl Strategy<Value = (usize, Vec<u8>)> {
    let byte = prop_oneof![4 => any::<u8>(), 1 => prop::sample::select(vec![0u8, 1, 128, 255])];
    (0usize..9, 0usize..30).prop_flat_map(move |(skipped, count)| {
        (Just(skipped), prop::collection::vec(byte.clone(), count * (skipped + width)))
    })
}

fn wide_case() -> impl Strategy<Value = (Vec<i16>, (usize, Vec<u8>))> {
    let value = prop_oneof![3 => -WideQuery::LARGEST..=WideQuery::LARGEST, 1 => Just(-WideQuery::LARGEST)];
    (1usize..200).prop_flat_map(move |width| (prop::collection::vec(value.clone(), width), any_rows(width)))
}

fn narrow_case() -> impl Strategy<Value = (usize, Vec<i8>, (usize, Vec<u8>))> {
    (1usize..100, 0usize..100).prop_flat_map(|(width, count)| {
        let value = prop_oneof![3 => -64i8..=64, 1 => prop::sample::select(vec![-64i8, 64])];
        (Just(width), prop::collection::vec(value, count * width), any_rows(width))
    })
}

proptest! {
    #[test]
    fn sums_of_a_wide_query_are_exact((query, (skipped, bytes)) in wide_case(), backwards: bool) {
        let rows = ByteRows::new(&bytes, skipped, query.len());
        let numbers: Vec<u32> = (0..rows.len() as u32).rev().collect();
        let rows = if backwards { rows.at(&numbers) } else { rows };
        for kernel in Kernel::available() {
            let mut sums = vec![0; rows.len()];
            kernel.wide_sums(&WideQuery::new(&query), rows, &mut sums);
            for (row, sum) in sums.into_iter().enumerate() {
                let expected = exact(rows.tile::<1>(row)[0], query.iter().copied().map(i64::from));
                prop_assert_eq!(i64::from(sum), expected, "{}", kernel);
            }
        }
    }

    #[test]
    fn sums_of_narrow_queries_are_exact((width, components, (skipped, bytes)) in narrow_case(), backwards: bool) {
        let rows = ByteRows::new(&bytes, skipped, width);
        let numbers: Vec<u32> = (0..rows.len() as u32).rev().collect();
        let rows = if backwards { rows.at(&numbers) } else { rows };
        let queries = NarrowQueries::new(&components, width);
        for kernel in Kernel::available() {
            let mut sums = vec![[0; GROUP]; rows.len() * queries.group_count()];
            kernel.narrow_sums(&queries, rows, &mut sums);
            for (index, query) in components.chunks_exact(width).enumerate() {
                for row in 0..rows.len() {
                    let sum = sums[index / GROUP * rows.len() + row][index % GROUP];
                    let expected = exact(rows.tile::<1>(row)[0], query.iter().copied().map(i64::from));
                    prop_assert_eq!(i64::from(sum), expected, "{}", kernel);
                }
            }
        }
    }
}

#[test]
fn the_largest_sums_fit() {
    let wide = vec![WideQuery::LARGEST; 514];
    let narrow_width = 1 << 16;
    for byte in [0, 255] {
        let row = vec![byte; narrow_width];
        let byte = i64::from(byte) - i64::from(RAISED_BY);
        for kernel in Kernel::available() {
            let mut sums = [0];
            kernel.wide_sums(&WideQuery::new(&wide), ByteRows::new(&row[..514], 0, 514), &mut sums);
            assert_eq!(i64::from(sums[0]), 514 * i64::from(WideQuery::LARGEST) * byte, "{kernel}");

            let largest = kernel.largest_narrow();
            let mut sums = [[0; GROUP]];
            let queries = NarrowQueries::new(&vec![largest; narrow_width], narrow_width);
            kernel.narrow_sums(&queries, ByteRows::new(&row, 0, narrow_width), &mut sums);
            assert_eq!(i64::from(sums[0][0]), (1 << 16) * i64::from(largest) * byte, "{kernel}");
        }
    }
}

#[test]
#[should_panic(expected = "fit 32 bits")]
fn a_wide_query_whose_sums_could_overflow_is_refused() {
    let _ = WideQuery::new(&vec![WideQuery::LARGEST; 515]);
}

#[test]
fn a_row_reaches_a_bar_unless_every_ceiling_is_below() {
    let ceilings = |bar: f32| Ceilings {
        steps: [0.5; GROUP],
        per_error: [2.0; GROUP],
        constants: [0.25; GROUP],
        bars: std::array::from_fn(|lane| if lane == 5 { bar } else { f32::INFINITY }),
    };
    let rows = [Scaling { scale: 0.5, error: 0.125 }, Scaling { scale: 0.5, error: f32::NAN }];
    let sums = [[8; GROUP]; 2];
    for kernel in Kernel::available() {
        for (bar, expected) in [(2.5, true), (2.5f32.next_up(), false), (f32::NAN, true)] {
            let mut reached = [false; 2];
            kernel.mark_reaching(&ceilings(bar), &rows, &sums, &mut reached);
            assert_eq!(reached, [expected, true], "{kernel}, {bar}");
        }
    }
}

#[test]
fn narrow_queries_that_are_too_large_for_a_kernel_are_refused() {
    for kernel in Kernel::available().filter(|kernel| kernel.largest_narrow() < 127) {
        let queries = NarrowQueries::new(&[kernel.largest_narrow() + 1], 1);
        let rows = ByteRows::new(&[0], 0, 1);
        let refused = std::panic::catch_unwind(|| kernel.narrow_sums(&queries, rows, &mut [[0; GROUP]]));
        assert!(refused.is_err(), "{kernel}");
    }
}
