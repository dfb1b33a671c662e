//! Sums with NEON, and with `sdot` where the CPU has it. Parts of codes are below 64, so they are signed bytes as well.

use std::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, vaddq_s32, vaddvq_s32, vandq_u8, vdupq_n_s32, vdupq_n_u8, vget_low_s8,
    vld1q_s8, vld1q_u8, vmlal_high_s8, vmlal_s8, vmull_high_s8, vmull_s8, vpadalq_s16, vreinterpretq_s8_u8,
    vshlq_n_s32, vshrq_n_u8, vsliq_n_u8, vst1q_u8,
};

use super::layout::{BLOCK, COARSE_BYTES, FINE_BYTES, GROUP};
use super::narrow_queries::NarrowQueries;
use super::parts::{CoarseRows, FineRows, unpack_blocks};
use super::row_tiles::wide_sums;
use super::wide_query::WideQuery;
use crate::simd::product::tiles;
use crate::simd::vector::{ByteProducts, DotProduct, Neon, Tile, for_rows};

/// The vectors of a block.
const VECTORS: usize = BLOCK / 16;

/// Rows that are multiplied with a wide query at a time, for eight chains of additions.
const ROWS: usize = 4;

/// Instructions that multiply a part of the codes of a block with a plane of a query.
pub(super) trait PlaneProducts: Copy {
    /// Adds the products to `sums`, in any lane.
    fn add(self, sums: int32x4_t, codes: &[uint8x16_t; VECTORS], plane: &[int8x16_t; VECTORS]) -> int32x4_t;
}

impl PlaneProducts for DotProduct {
    #[inline(always)]
    #[expect(unsafe_code, reason = "calls intrinsics")]
    fn add(self, sums: int32x4_t, codes: &[uint8x16_t; VECTORS], plane: &[int8x16_t; VECTORS]) -> int32x4_t {
        codes.iter().zip(plane).fold(sums, |sums, (codes, plane)| {
            // SAFETY: `self` proves NEON.
            self.add_products(sums, unsafe { vreinterpretq_s8_u8(*codes) }, *plane)
        })
    }
}

/// Four products of a code and a byte fit 16 bits: 4 x 63 x 128.
impl PlaneProducts for Neon {
    #[inline(always)]
    #[expect(unsafe_code, reason = "calls intrinsics")]
    fn add(self, sums: int32x4_t, codes: &[uint8x16_t; VECTORS], plane: &[int8x16_t; VECTORS]) -> int32x4_t {
        // SAFETY: `self` proves NEON.
        unsafe {
            let [a, b, c, d] = codes.map(|codes| vreinterpretq_s8_u8(codes));
            let low = vmull_s8(vget_low_s8(a), vget_low_s8(plane[0]));
            let low = vmlal_s8(low, vget_low_s8(b), vget_low_s8(plane[1]));
            let low = vmlal_s8(low, vget_low_s8(c), vget_low_s8(plane[2]));
            let low = vmlal_s8(low, vget_low_s8(d), vget_low_s8(plane[3]));
            let high = vmlal_high_s8(vmull_high_s8(a, plane[0]), b, plane[1]);
            let high = vmlal_high_s8(vmlal_high_s8(high, c, plane[2]), d, plane[3]);
            vpadalq_s16(vpadalq_s16(sums, low), high)
        }
    }
}

#[expect(unsafe_code, reason = "called with a proof of the features")]
pub(super) fn coarse_sums<P: PlaneProducts>(
    products: P,
    query: &WideQuery,
    rows: CoarseRows<'_>,
    sums: &mut [i32],
) {
    // SAFETY: `products` proves NEON.
    wide_sums(rows, sums, |rows| unsafe { wide_tile(products, query, rows, |part| coarse(part)) });
}

#[expect(unsafe_code, reason = "called with a proof of the features")]
pub(super) fn fine_sums<P: PlaneProducts>(
    products: P,
    query: &WideQuery,
    rows: FineRows<'_>,
    sums: &mut [i32],
) {
    // SAFETY: `products` proves NEON.
    wide_sums(rows, sums, |rows| unsafe { wide_tile(products, query, rows, |part| fine(part)) });
}

#[target_feature(enable = "neon")]
#[inline]
fn wide_tile<P: PlaneProducts, const BYTES: usize>(
    products: P,
    query: &WideQuery,
    rows: [&[[u8; BYTES]]; ROWS],
    part: impl Fn(&[u8; BYTES]) -> [uint8x16_t; VECTORS],
) -> [i32; ROWS] {
    let mut sums = [[vdupq_n_s32(0); 2]; ROWS];
    for (block, planes) in query.planes.iter().enumerate() {
        let planes = [load(&planes[0]), load(&planes[1])];
        for (sums, row) in sums.iter_mut().zip(rows) {
            let codes = part(&row[block]);
            for (sum, plane) in sums.iter_mut().zip(&planes) {
                *sum = products.add(*sum, &codes, plane);
            }
        }
    }
    sums.map(|[high, low]| vaddvq_s32(vaddq_s32(vshlq_n_s32::<8>(high), low)))
}

#[target_feature(enable = "neon")]
pub(super) fn unpack(coarse_rows: CoarseRows<'_>, fine_rows: FineRows<'_>, codes: &mut [[u8; BLOCK]]) {
    unpack_blocks(coarse_rows, fine_rows, codes, |coarse_part, fine_part, codes| {
        let parts = coarse(coarse_part).into_iter().zip(fine(fine_part));
        for (codes, (coarse, fine)) in codes.as_chunks_mut().0.iter_mut().zip(parts) {
            store_bytes(codes, vsliq_n_u8::<2>(fine, coarse));
        }
    });
}

/// The upper six bits of each code.
#[target_feature(enable = "neon")]
#[inline]
fn coarse(part: &[u8; COARSE_BYTES]) -> [uint8x16_t; VECTORS] {
    let [first, second, pairs] = [0, 1, 2].map(|vector| load_bytes(&part.as_chunks().0[vector]));
    let mask = vdupq_n_u8(0b1111);
    let nibbles =
        [vandq_u8(first, mask), vandq_u8(second, mask), vshrq_n_u8::<4>(first), vshrq_n_u8::<4>(second)];
    let mut codes = pairs_of(pairs);
    for (code, nibble) in codes.iter_mut().zip(nibbles) {
        *code = vsliq_n_u8::<4>(nibble, *code);
    }
    codes
}

/// The lower two bits of each code.
#[target_feature(enable = "neon")]
#[inline]
fn fine(part: &[u8; FINE_BYTES]) -> [uint8x16_t; VECTORS] {
    pairs_of(load_bytes(part))
}

/// The pairs of bits in sixteen bytes: the lowest of each, then the next.
#[target_feature(enable = "neon")]
#[inline]
fn pairs_of(bytes: uint8x16_t) -> [uint8x16_t; VECTORS] {
    let mask = vdupq_n_u8(0b11);
    [
        vandq_u8(bytes, mask),
        vandq_u8(vshrq_n_u8::<2>(bytes), mask),
        vandq_u8(vshrq_n_u8::<4>(bytes), mask),
        vshrq_n_u8::<6>(bytes),
    ]
}

/// One group of queries at a time: the sixteen lanes are four vectors. Codes are multiplied as the signed bytes that they
/// stand for, so nothing was added to the sums that would have to be taken away.
#[expect(unsafe_code, reason = "a tile reads through pointers")]
pub(super) fn narrow_sums<P: ByteProducts>(
    products: P,
    queries: &NarrowQueries,
    rows: &[[u8; BLOCK]],
    sums: &mut [[i32; GROUP]],
) {
    const LANES: usize = GROUP / 4;
    let (blocks, row_count) = (queries.blocks(), rows.len() / queries.blocks());
    for (index, group) in queries.groups().iter().enumerate() {
        let sums = &mut sums[index * row_count..][..row_count];
        for (first, count) in tiles(row_count, P::SUMS / LANES) {
            let rows = &rows[first * blocks..(first + count) * blocks];
            let tile = Tile {
                left: rows.as_ptr().cast::<[u8; 4]>(),
                left_stride: blocks * BLOCK / 4,
                right: group.as_ptr().cast::<[i8; 4]>(),
                right_stride: GROUP,
                depth: group.len(),
            };
            let write = |row: usize, lanes: [[i32; 4]; LANES]| {
                sums[first + row].copy_from_slice(lanes.as_flattened());
            };
            // SAFETY: the slice holds `count` rows, each of as many steps as the group at least; a step of a group is four
            // vectors.
            unsafe { for_rows::<P, true, LANES>(products, tile, count, write) }
        }
    }
}

#[target_feature(enable = "neon")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load(plane: &[u8; BLOCK]) -> [int8x16_t; VECTORS] {
    // SAFETY: `plane` is four times 16 readable bytes.
    [0, 16, 32, 48].map(|start| unsafe { vld1q_s8(plane.as_ptr().add(start).cast()) })
}

#[target_feature(enable = "neon")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load_bytes(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: `bytes` is 16 readable bytes.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[target_feature(enable = "neon")]
#[inline]
#[expect(unsafe_code, reason = "stores go through pointers")]
fn store_bytes(bytes: &mut [u8; 16], codes: uint8x16_t) {
    // SAFETY: `bytes` is 16 writable bytes.
    unsafe { vst1q_u8(bytes.as_mut_ptr(), codes) }
}
