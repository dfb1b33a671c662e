//! The layout of codes and what their errors promise.

use proptest::prelude::*;

use super::*;
use crate::scan::Rows;
use crate::scan::blocks::Block;
use crate::scan::test_rows::{any_row, random_rows};
use crate::simd::{BLOCK, InstructionSet, Scaling};
use crate::vectors::Dimension;

/// The codes of each row, put together again.
fn codes_of(codes: Codes<'_>) -> Vec<Vec<u8>> {
    let (block, width) = (Block::Run(0..codes.len() as u32), codes.dimension().get());
    let mut unpacked = vec![[0; BLOCK]; codes.len() * width.div_ceil(BLOCK)];
    InstructionSet::SCALAR.unpack(codes.coarse_rows(&block), codes.fine_rows(&block), &mut unpacked);
    unpacked.chunks_exact(width.div_ceil(BLOCK)).map(|row| row.as_flattened()[..width].to_vec()).collect()
}

#[test]
fn records_are_laid_out_as_documented() {
    let dimension = Dimension::new(3).expect("a small dimension");
    let Encoded { coarse, fine } = encode_rows(Rows::new(&[0.8, -0.6, 0.0, 2.0, 0.0, 0.0], dimension));
    assert_eq!((coarse.len(), fine.len()), (2 * 56, 2 * 20));
    let scale = 0.8f32 / 127.0;
    assert_eq!(coarse[..4], scale.to_le_bytes());
    let codes: [u8; 3] = [128 + 127, 128 - 95, 128];
    assert_eq!(coarse[8..11], codes.map(|code| code >> 2 & 15));
    assert_eq!(coarse[40..43], codes.map(|code| code >> 6));
    assert_eq!(fine[4..7], codes.map(|code| code & 3));
    let lost = |decoded: [f64; 3]| {
        let lost = [0.8f32, -0.6, 0.0].into_iter().zip(decoded);
        lost.map(|(value, code)| (f64::from(value) - f64::from(scale) * code).powi(2)).sum::<f64>().sqrt()
    };
    for (error, lost) in [(&coarse[4..8], lost([125.5, -94.5, 1.5])), (&fine[..4], lost([127.0, -95.0, 0.0]))]
    {
        let error = f64::from(f32::from_le_bytes(error.try_into().expect("four bytes")));
        assert!(error > lost && error < lost + 1e-6, "{error}, {lost}");
    }
    assert_eq!(coarse[56..60], 0f32.to_le_bytes(), "too long a row has no codes");
    assert_eq!(coarse[60..64], f32::INFINITY.to_le_bytes());
    assert_eq!(fine[20..24], f32::INFINITY.to_le_bytes());
}

#[test]
fn records_depend_on_their_rows_alone() {
    for width in [7, 64, 130] {
        let rows = random_rows(20, width, 1);
        let all = encode_rows(Rows::from(&rows));
        let part = encode_rows(Rows::new(&rows.as_slice()[5 * width..12 * width], rows.dimension()));
        let (coarse, fine) = (coarse_record_size(rows.dimension()), fine_record_size(rows.dimension()));
        assert_eq!(all.coarse[5 * coarse..12 * coarse], part.coarse);
        assert_eq!(all.fine[5 * fine..12 * fine], part.fine);
    }
}

#[test]
fn part_of_a_record_is_refused() {
    let dimension = Dimension::new(3).expect("a small dimension");
    let refused = |coarse: usize, fine: usize| Codes::new(&vec![0; coarse], &vec![0; fine], dimension).err();
    assert_eq!(refused(57, 20), Some(NotCodes::CutOff { bytes: 57, record_size: 56 }));
    assert_eq!(refused(56, 21), Some(NotCodes::CutOff { bytes: 21, record_size: 20 }));
    assert_eq!(refused(112, 20), Some(NotCodes::DifferentRows { coarse: 2, fine: 1 }));
    assert_eq!(Codes::new(&[0; 112], &[0; 40], dimension).map(|codes| codes.len()), Ok(2));
}

proptest! {
    #[test]
    fn the_errors_bound_what_codes_and_rounding_do_to_a_score(
        (row, query) in (1usize..150).prop_flat_map(|width| (any_row(width), any_row(width))),
    ) {
        let dimension = Dimension::new(row.len()).expect("a small dimension");
        let Encoded { coarse, fine } = encode_rows(Rows::new(&row, dimension));
        let codes = Codes::new(&coarse, &fine, dimension).expect("codes of one row");
        let coarse = codes.coarse_scalings(&Block::Run(0..1)).next().expect("one row");
        let both = codes.scalings(&Block::Run(0..1)).next().expect("one row");
        let bytes = || codes_of(codes).remove(0).into_iter();
        let parts: [(Scaling, Vec<f64>); 2] = [
            (coarse, bytes().map(|byte| f64::from(byte >> 2) * 4.0 - 126.5).collect()),
            (both, bytes().map(|byte| f64::from(byte) - 128.0).collect()),
        ];
        for (Scaling { scale, error }, code) in parts {
            let decoded: Vec<f64> = code.into_iter().map(|code| f64::from(scale) * code).collect();
            // What was lost is the worst of all queries.
            let lost = row.iter().zip(&decoded).map(|(&value, decoded)| (f64::from(value) - decoded) as f32);
            for query in [query.clone(), lost.collect()] {
                let length = length(query.iter().map(|&value| f64::from(value)));
                if error.is_finite() && length <= 1e18 {
                    let score = f64::from(InstructionSet::SCALAR.dot(&query, &row));
                    let by_codes: f64 = query.iter().zip(&decoded).map(|(&q, decoded)| f64::from(q) * decoded).sum();
                    let bound = length * f64::from(error) + row.len() as f64 * 2f64.powi(-149);
                    prop_assert!((score - by_codes).abs() <= bound, "{} {} {}", score, by_codes, bound);
                }
            }
        }
    }
}
