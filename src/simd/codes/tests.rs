//! Every instruction set against sums in 64-bit integers.

use proptest::prelude::*;

use super::*;
use crate::simd::InstructionSet;

/// Both parts of rows, each row after some bytes that no sum may depend on.
struct Packed {
    width: usize,
    skipped: usize,
    coarse: Vec<u8>,
    fine: Vec<u8>,
}

impl Packed {
    fn new(rows: &[u8], width: usize, skipped: usize) -> Self {
        let (mut coarse, mut fine) = (Vec::new(), Vec::new());
        for row in rows.chunks_exact(width) {
            let blocks = width.div_ceil(BLOCK);
            for (part, bytes) in [(&mut coarse, COARSE_BYTES), (&mut fine, FINE_BYTES)] {
                part.extend((0..skipped).map(|byte| 255 - byte as u8));
                part.resize(part.len() + blocks * bytes, 0);
            }
            let coarse_start = coarse.len() - blocks * COARSE_BYTES;
            let fine_start = fine.len() - blocks * FINE_BYTES;
            pack(row, &mut coarse[coarse_start..], &mut fine[fine_start..]);
        }
        Self { width, skipped, coarse, fine }
    }

    fn coarse(&self) -> CoarseRows<'_> {
        CoarseRows::new(&self.coarse, self.skipped, self.width)
    }

    fn fine(&self) -> FineRows<'_> {
        FineRows::new(&self.fine, self.skipped, self.width)
    }

    fn unpacked(&self, set: InstructionSet) -> Vec<[u8; BLOCK]> {
        let mut codes = vec![[1; BLOCK]; self.coarse().len() * self.width.div_ceil(BLOCK)];
        set.unpack(self.coarse(), self.fine(), &mut codes);
        codes
    }
}

/// Rows of that width.
fn any_rows(width: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => any::<u8>(), 1 => prop::sample::select(vec![0u8, 1, 128, 255])];
    (0usize..30).prop_flat_map(move |count| prop::collection::vec(byte.clone(), count * width))
}

fn wide_case() -> impl Strategy<Value = (Vec<i16>, Vec<u8>)> {
    let value = prop_oneof![3 => -WideQuery::LARGEST..=WideQuery::LARGEST, 1 => Just(-WideQuery::LARGEST)];
    (1usize..200).prop_flat_map(move |width| (prop::collection::vec(value.clone(), width), any_rows(width)))
}

fn narrow_case() -> impl Strategy<Value = (usize, Vec<i8>, Vec<u8>)> {
    (1usize..150, 0usize..100).prop_flat_map(|(width, count)| {
        let value = prop_oneof![3 => -64i8..=64, 1 => prop::sample::select(vec![-64i8, 64])];
        (Just(width), prop::collection::vec(value, count * width), any_rows(width))
    })
}

/// The sum of the products of `row`, decoded, with `query`, by its definition.
fn exact<T: Into<i64> + Copy>(row: &[u8], query: &[T], decode: impl Fn(i64) -> i64) -> i64 {
    row.iter().zip(query).map(|(&byte, &value)| decode(i64::from(byte)) * value.into()).sum()
}

proptest! {
    #[test]
    fn parts_are_put_together_again(
        (width, rows) in (1usize..300).prop_flat_map(|width| (Just(width), any_rows(width))),
        skipped in 0usize..9,
    ) {
        let packed = Packed::new(&rows, width, skipped);
        for set in InstructionSet::available() {
            let codes = packed.unpacked(set);
            let blocks = width.div_ceil(BLOCK);
            prop_assert_eq!(codes.len(), rows.len() / width * blocks);
            for (row, codes) in rows.chunks_exact(width).zip(codes.chunks_exact(blocks)) {
                let (codes, padding) = codes.as_flattened().split_at(width);
                prop_assert_eq!(codes, row, "{}", set);
                prop_assert!(padding.iter().all(|code| *code == 0), "{}", set);
            }
        }
    }

    #[test]
    fn sums_of_a_wide_query_are_exact((query, rows) in wide_case(), skipped in 0usize..9, backwards: bool) {
        let packed = Packed::new(&rows, query.len(), skipped);
        let row_count = rows.len() / query.len();
        let numbers: Vec<u32> = (0..row_count as u32).rev().collect();
        let (coarse, fine) = if backwards {
            (packed.coarse().at(&numbers), packed.fine().at(&numbers))
        } else {
            (packed.coarse(), packed.fine())
        };
        for set in InstructionSet::available() {
            let (mut coarse_sums, mut fine_sums) = (vec![0; row_count], vec![0; row_count]);
            set.coarse_sums(&WideQuery::new(&query), coarse, &mut coarse_sums);
            set.fine_sums(&WideQuery::new(&query), fine, &mut fine_sums);
            for position in 0..row_count {
                let row = if backwards { row_count - 1 - position } else { position };
                let row = &rows[row * query.len()..][..query.len()];
                let (coarse, fine) = (i64::from(coarse_sums[position]), i64::from(fine_sums[position]));
                prop_assert_eq!(coarse, exact(row, &query, |byte| 8 * (byte / 4) + 3 - 256), "{}", set);
                prop_assert_eq!(coarse + fine, 2 * exact(row, &query, |byte| byte - 128), "{}", set);
            }
        }
    }

    #[test]
    fn sums_of_narrow_queries_are_exact((width, components, rows) in narrow_case()) {
        let queries = NarrowQueries::new(&components, width);
        let row_count = rows.len() / width;
        for set in InstructionSet::available() {
            let mut sums = vec![[0; GROUP]; row_count * queries.group_count()];
            set.narrow_sums(&queries, &Packed::new(&rows, width, 0).unpacked(set), &mut sums);
            for (index, query) in components.chunks_exact(width).enumerate() {
                for (number, row) in rows.chunks_exact(width).enumerate() {
                    let sum = sums[index / GROUP * row_count + number][index % GROUP];
                    prop_assert_eq!(i64::from(sum), exact(row, query, |byte| byte - 128), "{}", set);
                }
            }
        }
    }
}

#[test]
fn parts_are_laid_out_as_documented() {
    let codes: [u8; BLOCK] = std::array::from_fn(|code| (code * 37 + 11) as u8);
    let (mut coarse, mut fine) = ([0; COARSE_BYTES], [0; FINE_BYTES]);
    pack(&codes, &mut coarse, &mut fine);
    for (i, code) in codes.into_iter().enumerate() {
        assert_eq!(coarse[i % 32] >> (i / 32 * 4) & 15, code >> 2 & 15);
        assert_eq!(coarse[32 + i % 16] >> (i / 16 * 2) & 3, code >> 6);
        assert_eq!(fine[i % 16] >> (i / 16 * 2) & 3, code & 3);
    }
}

#[test]
fn the_largest_sums_fit() {
    let wide = vec![WideQuery::LARGEST; 257];
    let narrow_width = 1 << 16;
    for byte in [0, 255] {
        let row = vec![byte; narrow_width];
        let byte = i64::from(byte) - i64::from(RAISED_BY);
        for set in InstructionSet::available() {
            for sign in [1, -1] {
                let query: Vec<i16> = wide.iter().map(|value| sign * value).collect();
                let packed = Packed::new(&row[..257], 257, 0);
                let (mut coarse, mut fine) = ([0], [0]);
                set.coarse_sums(&WideQuery::new(&query), packed.coarse(), &mut coarse);
                set.fine_sums(&WideQuery::new(&query), packed.fine(), &mut fine);
                let expected = 2 * 257 * i64::from(sign * WideQuery::LARGEST) * byte;
                assert_eq!(i64::from(coarse[0] + fine[0]), expected, "{set}");
            }
            let largest = set.largest_narrow();
            let mut sums = [[0; GROUP]];
            let queries = NarrowQueries::new(&vec![largest; narrow_width], narrow_width);
            set.narrow_sums(&queries, &Packed::new(&row, narrow_width, 0).unpacked(set), &mut sums);
            assert_eq!(i64::from(sums[0][0]), (1 << 16) * i64::from(largest) * byte, "{set}");
        }
    }
}

#[test]
#[should_panic(expected = "fit 32 bits")]
fn a_wide_query_whose_sums_could_overflow_is_refused() {
    let _ = WideQuery::new(&vec![WideQuery::LARGEST; 258]);
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
    for set in InstructionSet::available() {
        for (bar, expected) in [(2.5, true), (2.5f32.next_up(), false), (f32::NAN, true)] {
            let mut reached = [false; 2];
            set.mark_reaching(&ceilings(bar), &rows, &sums, &mut reached);
            assert_eq!(reached, [expected, true], "{set}, {bar}");
        }
    }
}

#[test]
fn narrow_queries_that_are_too_large_for_an_instruction_set_are_refused() {
    for set in InstructionSet::available().filter(|set| set.largest_narrow() < 127) {
        let queries = NarrowQueries::new(&[set.largest_narrow() + 1], 1);
        let refused =
            std::panic::catch_unwind(|| set.narrow_sums(&queries, &[[0; BLOCK]], &mut [[0; GROUP]]));
        assert!(refused.is_err(), "{set}");
    }
}
