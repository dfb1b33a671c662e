//! Tiles in the 16 registers of AVX2: six rows and half a panel at a time.
//!
//! - AVX2's own product of bytes adds two products in 16 bits and saturates: 255 x 127 x 2 does not fit. So both factors
//!   are widened to 16 bits when they are quantized, and an instruction multiplies 16 pairs (`vpmaddwd`) and adds neighbors
//!   in 32 bits, exactly.
//! - `vpdpbusd` multiplies 32 pairs of bytes and adds fours to 32 bits, exactly. AVX-VNNI and AVX-512 VL encode the same
//!   instruction differently; one macro defines both loops.

use std::arch::x86_64::{__m256i, _mm256_setzero_si256, _mm256_storeu_si256};

use super::byte_tile::{ByteTile, HALF_PANEL, PANEL_OUTPUTS, TileSums};
use crate::simd::product::tiles;
use crate::simd::vector::{Tile, define_tile_sums, define_ymm_tile_sums};

/// The rows of a tile.
pub(super) const ROWS: usize = 6;

/// The outputs of a tile: two vectors of sums.
const OUTPUTS: usize = HALF_PANEL;

/// The 32-bit sums of a vector.
const LANES: usize = 8;

macro_rules! define_byte_products {
    ($name:ident, $loops:ident, $feature:literal, $instructions:tt) => {
        mod $loops {
            use super::*;

            define_ymm_tile_sums! {
                feature: $feature,
                vector: __m256i = _mm256_setzero_si256(),
                elements: [u8; 4], [i8; 4],
                instructions: $instructions "vpbroadcastd",
            }

            /// # Safety
            ///
            /// As of [`tile_sums`]; `sums` has rows for those of the tile, each with room for 16 sums at `first`.
            #[inline]
            #[target_feature(enable = $feature)]
            #[expect(unsafe_code, reason = "loads and stores go through pointers")]
            pub(super) unsafe fn write_sums<const ROWS: usize>(
                tile: Tile<[u8; 4], [i8; 4]>,
                sums: &mut [[i32; PANEL_OUTPUTS]],
                first: usize,
            ) {
                // SAFETY: the caller's promise.
                let registers = unsafe { tile_sums::<ROWS, 2>(tile) };
                for (registers, sums) in registers.iter().zip(sums) {
                    let target = sums[first..first + OUTPUTS].as_mut_ptr();
                    // SAFETY: the slice has room for two vectors, and the store needs no alignment.
                    unsafe {
                        _mm256_storeu_si256(target.cast(), registers[0]);
                        _mm256_storeu_si256(target.add(LANES).cast(), registers[1]);
                    }
                }
            }
        }

        /// # Safety
        ///
        /// The CPU has the instructions.
        #[target_feature(enable = $feature)]
        #[expect(unsafe_code, reason = "loads and stores go through pointers")]
        pub(super) unsafe fn $name(tile: ByteTile<'_>, sums: &mut TileSums) {
            for first in (0..PANEL_OUTPUTS).step_by(OUTPUTS) {
                for (row, rows) in tiles(tile.rows, ROWS) {
                    let pointers = Tile {
                        left: tile.left[row * tile.stride..].as_ptr(),
                        left_stride: tile.stride,
                        right: tile.panel.as_ptr().cast::<[i8; 4]>().wrapping_add(first * tile.steps()),
                        right_stride: OUTPUTS,
                        depth: tile.steps(),
                    };
                    let sums = &mut sums.0[row..row + rows];
                    // SAFETY: the caller checked the rows; half a panel has two vectors for each step.
                    unsafe {
                        match rows {
                            1 => $loops::write_sums::<1>(pointers, sums, first),
                            2 => $loops::write_sums::<2>(pointers, sums, first),
                            3 => $loops::write_sums::<3>(pointers, sums, first),
                            4 => $loops::write_sums::<4>(pointers, sums, first),
                            5 => $loops::write_sums::<5>(pointers, sums, first),
                            6 => $loops::write_sums::<6>(pointers, sums, first),
                            _ => unreachable!("as many rows as a tile can have"),
                        }
                    }
                }
            }
        }
    };
}

define_byte_products!(multiply_words, words, "avx2", ["vpmaddwd" "vpaddd"]);
define_byte_products!(multiply_bytes_vex, vex, "avx2", ["{{vex}} vpdpbusd"]);
define_byte_products!(multiply_bytes_evex, evex, "avx2,avx512f,avx512vl,avx512vnni", ["{{evex}} vpdpbusd"]);
