//! AVX-512 VNNI: 64 products of bytes per instruction, added by fours.

use std::arch::x86_64::{__m512i, _mm512_setzero_si512, _mm512_store_si512};

use super::byte_tile::{ByteTile, PANEL_OUTPUTS, TileSums};
use crate::simd::vector::{Tile, define_tile_sums, define_zmm_tile_sums};

define_zmm_tile_sums! {
    feature: "avx512f,avx512vnni",
    vector: __m512i = _mm512_setzero_si512(),
    elements: [u8; 4], [i8; 4],
    instructions: ["vpdpbusd"] "vpbroadcastd",
}

#[target_feature(enable = "avx512f,avx512vnni")]
#[expect(unsafe_code, reason = "loads and stores go through pointers")]
pub(super) fn byte_products(tile: ByteTile<'_>, sums: &mut TileSums) {
    let pointers = Tile {
        left: tile.left.as_ptr(),
        left_stride: tile.stride,
        right: tile.panel.as_ptr().cast(),
        right_stride: PANEL_OUTPUTS,
        depth: tile.steps(),
    };
    macro_rules! by_rows {
        ($($count:literal)*) => {
            match tile.rows {
                $($count => {
                    // SAFETY: the caller checked the rows; a step of the panel is two vectors.
                    let registers = unsafe { tile_sums::<$count, 2>(pointers) };
                    for (registers, sums) in registers.iter().zip(&mut sums.0) {
                        let target = sums.as_mut_ptr();
                        // SAFETY: a row has room for two vectors and starts on a cache line.
                        unsafe {
                            _mm512_store_si512(target.cast(), registers[0]);
                            _mm512_store_si512(target.add(16).cast(), registers[1]);
                        }
                    }
                })*
                _ => unreachable!("as many rows as a tile can have"),
            }
        };
    }
    by_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
}
