//! From rows to codes.

use rayon::prelude::*;

use super::records::{COARSE_HEADER, FINE_HEADER, LONGEST, coarse_record_size, fine_record_size};
use crate::scan::Rows;
use crate::simd::{RAISED_BY, pack};

/// The code of a component is between minus this and this.
const LARGEST_CODE: f32 = 127.0;

/// The codes of rows, in the layout of [`codes`](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The coarse records.
    pub coarse: Vec<u8>,
    /// The fine records, one for each coarse record.
    pub fine: Vec<u8>,
}

/// The codes of `rows`.
#[must_use]
pub fn encode_rows(rows: Rows<'_>) -> Encoded {
    let (width, coarse_size, fine_size) =
        (rows.dimension().get(), coarse_record_size(rows.dimension()), fine_record_size(rows.dimension()));
    let mut encoded =
        Encoded { coarse: vec![0; rows.len() * coarse_size], fine: vec![0; rows.len() * fine_size] };
    let coarse = encoded.coarse.par_chunks_exact_mut(coarse_size);
    let records = coarse.zip(encoded.fine.par_chunks_exact_mut(fine_size));
    rows.values().par_chunks_exact(width).zip(records).for_each_init(
        || vec![0; width],
        |codes, (row, (coarse, fine))| encode_row(row, codes, coarse, fine),
    );
    encoded
}

/// Makes the records of a row; `codes` is room for its codes.
fn encode_row(row: &[f32], codes: &mut [u8], coarse: &mut [u8], fine: &mut [u8]) {
    let length = length(row.iter().map(|&value| f64::from(value)));
    let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let bounded = length <= LONGEST;
    let scale = if bounded { largest / LARGEST_CODE } else { 0.0 };
    let steps = if scale > 0.0 { LARGEST_CODE / largest } else { 0.0 };
    for (code, &value) in codes.iter_mut().zip(row) {
        // The conversion truncates and saturates, so this is the nearest code.
        *code = (value * steps + (f32::from(RAISED_BY) + 0.5)) as u8;
    }
    let error = |decode: fn(u8) -> f64| {
        if bounded {
            error(row, codes.iter().map(|&code| decode(code)), scale, length)
        } else {
            f32::INFINITY
        }
    };
    let (coarse_header, coarse_codes) = coarse.split_at_mut(COARSE_HEADER);
    let (fine_header, fine_codes) = fine.split_at_mut(FINE_HEADER);
    coarse_header[..4].copy_from_slice(&scale.to_le_bytes());
    coarse_header[4..].copy_from_slice(&error(decode_coarse).to_le_bytes());
    fine_header.copy_from_slice(&error(decode).to_le_bytes());
    pack(codes, coarse_codes, fine_codes);
}

/// What a code stands for, at a scale of 1.
fn decode(code: u8) -> f64 {
    f64::from(code) - f64::from(RAISED_BY)
}

/// What the upper six bits of a code stand for, at a scale of 1.
fn decode_coarse(code: u8) -> f64 {
    decode(code & !0b11) + 1.5
}

/// What the [`codes`](super) module promises, for a row of that `length`.
fn error(row: &[f32], decoded: impl Iterator<Item = f64>, scale: f32, length_of_row: f64) -> f32 {
    let decoded = decoded.map(|code| f64::from(scale) * code);
    let lost = length(row.iter().zip(decoded).map(|(&value, decoded)| f64::from(value) - decoded));
    let roundings = (row.len().div_ceil(16) + 6) as f64 * 2f64.powi(-24);
    round_up((lost + roundings * length_of_row) * (1.0 + 2f64.powi(-20)))
}

/// The Euclidean length.
pub(in crate::scan) fn length(components: impl Iterator<Item = f64>) -> f64 {
    components.map(|value| value * value).sum::<f64>().sqrt()
}

/// A float32 that is not below `value`.
pub(in crate::scan) fn round_up(value: f64) -> f32 {
    (value as f32).next_up()
}
