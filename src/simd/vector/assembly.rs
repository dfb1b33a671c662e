//! The loop of a product tile, instruction by instruction.
//!
//! A compiler that sees all rows of a tile loads all their values first and spills registers, at half the speed.
//! Here every sum has its register, and every step is one load of the right row, then for each row of the tile one
//! broadcast and a multiply-add per vector. A step takes four bytes of each row: one float32, two integers of 16 bits,
//! or four of 8.

/// Defines `tile_sums::<ROWS, VECTORS>(tile)` for one width of registers and one multiply-add.
///
/// A multiply-add is one instruction, `["vfmadd231ps"]`, or a product and an addition, `["vpmaddwd" "vpaddd"]`.
///
/// `rows` lists the rows of the tallest tile. Each entry has the number of rows of a tile that ends with it, its index, the
/// registers of its sums, and its address: the pointer to row 0, 5 or 10 and up to four strides.
macro_rules! define_tile_sums {
    (
        feature: $feature:literal,
        vector: $vector:ty = $zero:expr,
        elements: $left:ty, $right:ty,
        instructions: $multiply_add:tt $broadcast:literal,
        registers: $bytes:literal $right_0:tt $right_1:tt $value:tt $product:tt,
        rows: $rows:tt
    ) => {
        /// The sums of `ROWS` rows of `VECTORS` vectors.
        ///
        /// # Safety
        ///
        /// As of [`Simd::tile_sums`](crate::simd::vector::Simd::tile_sums).
        #[inline]
        #[target_feature(enable = $feature)]
        #[expect(unsafe_code, reason = "assembly")]
        unsafe fn tile_sums<const ROWS: usize, const VECTORS: usize>(
            tile: $crate::simd::vector::Tile<$left, $right>,
        ) -> [[$vector; VECTORS]; ROWS] {
            let mut sums = [[$zero; VECTORS]; ROWS];
            // SAFETY: the caller's promise.
            unsafe {
                match VECTORS {
                    1 => sums_of_one(tile, &mut sums),
                    2 => sums_of_two(tile, &mut sums),
                    _ => unreachable!("no tile of that size"),
                }
            }
            sums
        }
        define_tile_sums! {
            @prefixes [{ $feature, $vector, $left, $right, $multiply_add $broadcast
                         $bytes $right_0 $right_1 $value $product }] [] [] $rows
        }
    };
    // From rows to tiles: each tile is the previous one plus one row.
    (@prefixes [$settings:tt] [$($tiles:tt)*] [$($rows:tt)*]
     [($count:tt $row:tt $sum_0:tt $sum_1:tt $address:tt) $($rest:tt)*]) => {
        define_tile_sums! {
            @prefixes [$settings]
            [$($tiles)* $count => [$($rows)* ($row $sum_0 $sum_1 $address)]]
            [$($rows)* ($row $sum_0 $sum_1 $address)] [$($rest)*]
        }
    };
    (@prefixes [$settings:tt] $tiles:tt $rows:tt []) => {
        define_tile_sums! { @one $settings $tiles }
        define_tile_sums! { @two $settings $settings $tiles }
    };
    (@one
        { $feature:literal, $vector:ty, $left:ty, $right:ty, $multiply_add:tt $broadcast:literal
          $bytes:literal $right_0:tt $right_1:tt $value:tt $product:tt }
        [$($count:literal => [$(($row:literal $sum_0:tt $sum_1:tt $address:literal))*])*]
    ) => {
        /// # Safety
        ///
        /// As of [`tile_sums`]; VECTORS is 1.
        #[inline]
        #[target_feature(enable = $feature)]
        #[expect(unsafe_code, reason = "assembly")]
        unsafe fn sums_of_one<const ROWS: usize, const VECTORS: usize>(
            tile: $crate::simd::vector::Tile<$left, $right>,
            sums: &mut [[$vector; VECTORS]; ROWS],
        ) {
            let stride = size_of::<$left>() * tile.left_stride;
            // SAFETY: the loop reads `ROWS` rows of `depth` values on the left and `depth` vectors on the right: the
            // caller's promise. Pointers past the last row are computed with wrapping and never read.
            unsafe {
                match ROWS {
                    $($count => std::arch::asm!(
                        $(concat!("vxorps ", $sum_0, ", ", $sum_0, ", ", $sum_0),)*
                        "test {steps}, {steps}",
                        "jz 5f",
                        "4:",
                        concat!("vmovups ", $right_0, ", [{right}]"),
                        $(concat!($broadcast, " ", $value, ", dword ptr [", $address, "]"),
                          define_tile_sums!(@one_sum $multiply_add $product $sum_0 $value $right_0),)*
                        "add {right}, {right_stride}",
                        "add {row_0}, 4",
                        "add {row_5}, 4",
                        "add {row_10}, 4",
                        "dec {steps}",
                        "jnz 4b",
                        "5:",
                        "/* {stride} {stride_3} */",
                        row_0 = inout(reg) tile.left => _,
                        row_5 = inout(reg) tile.left.wrapping_byte_add(5 * stride) => _,
                        row_10 = inout(reg) tile.left.wrapping_byte_add(10 * stride) => _,
                        stride = in(reg) stride,
                        stride_3 = in(reg) 3 * stride,
                        right = inout(reg) tile.right => _,
                        right_stride = in(reg) size_of::<$right>() * tile.right_stride,
                        steps = inout(reg) tile.depth => _,
                        $(out($sum_0) sums[$row][0],)*
                        out($right_0) _, out($value) _, out($product) _,
                        options(readonly, nostack),
                    ),)*
                    _ => unreachable!("no tile of that size"),
                }
            }
        }
    };
    (@two $settings:tt
        { $feature:literal, $vector:ty, $left:ty, $right:ty, $multiply_add:tt $broadcast:literal
          $bytes:literal $right_0:tt $right_1:tt $value:tt $product:tt }
        [$($count:literal => [$(($row:literal $sum_0:tt $sum_1:tt $address:literal))*])*]
    ) => {
        /// # Safety
        ///
        /// As of [`tile_sums`]; VECTORS is 2.
        #[inline]
        #[target_feature(enable = $feature)]
        #[expect(unsafe_code, reason = "assembly")]
        unsafe fn sums_of_two<const ROWS: usize, const VECTORS: usize>(
            tile: $crate::simd::vector::Tile<$left, $right>,
            sums: &mut [[$vector; VECTORS]; ROWS],
        ) {
            let (stride, rest) = (size_of::<$left>() * tile.left_stride, tile.depth % 4);
            // SAFETY: as of `sums_of_one`, with two vectors on the right.
            unsafe {
                match ROWS {
                    $($count => std::arch::asm!(
                        $(concat!("vxorps ", $sum_0, ", ", $sum_0, ", ", $sum_0),
                          concat!("vxorps ", $sum_1, ", ", $sum_1, ", ", $sum_1),)*
                        "test {fours}, {fours}",
                        "jz 3f",
                        ".p2align 4",
                        "2:",
                        define_tile_sums!(@step "{right}" "0" $settings $(($row $sum_0 $sum_1 $address))*),
                        define_tile_sums!(@step "{right} + {right_stride}" "4" $settings $(($row $sum_0 $sum_1 $address))*),
                        "lea {right}, [{right} + 2 * {right_stride}]",
                        define_tile_sums!(@step "{right}" "8" $settings $(($row $sum_0 $sum_1 $address))*),
                        define_tile_sums!(@step "{right} + {right_stride}" "12" $settings $(($row $sum_0 $sum_1 $address))*),
                        "lea {right}, [{right} + 2 * {right_stride}]",
                        "add {row_0}, 16",
                        "add {row_5}, 16",
                        "add {row_10}, 16",
                        "dec {fours}",
                        "jnz 2b",
                        "3:",
                        "test {rest}, {rest}",
                        "jz 5f",
                        "4:",
                        define_tile_sums!(@step "{right}" "0" $settings $(($row $sum_0 $sum_1 $address))*),
                        "add {right}, {right_stride}",
                        "add {row_0}, 4",
                        "add {row_5}, 4",
                        "add {row_10}, 4",
                        "dec {rest}",
                        "jnz 4b",
                        "5:",
                        "/* {stride} {stride_3} */",
                        row_0 = inout(reg) tile.left => _,
                        row_5 = inout(reg) tile.left.wrapping_byte_add(5 * stride) => _,
                        row_10 = inout(reg) tile.left.wrapping_byte_add(10 * stride) => _,
                        stride = in(reg) stride,
                        stride_3 = in(reg) 3 * stride,
                        right = inout(reg) tile.right => _,
                        right_stride = in(reg) size_of::<$right>() * tile.right_stride,
                        fours = inout(reg) tile.depth / 4 => _,
                        rest = inout(reg) rest => _,
                        $(out($sum_0) sums[$row][0], out($sum_1) sums[$row][1],)*
                        out($right_0) _, out($right_1) _, out($value) _, out($product) _,
                        options(readonly, nostack),
                    ),)*
                    _ => unreachable!("no tile of that size"),
                }
            }
        }
    };
    // A step of two vectors: the right row at `$from`, the left rows `$offset` bytes on.
    (@step $from:literal $offset:literal
        { $feature:literal, $vector:ty, $left:ty, $right:ty, $multiply_add:tt $broadcast:literal
          $bytes:literal $right_0:tt $right_1:tt $value:tt $product:tt }
        $(($row:literal $sum_0:tt $sum_1:tt $address:literal))*
    ) => {
        concat!(
            "vmovups ", $right_0, ", [", $from, "]\n",
            "vmovups ", $right_1, ", [", $from, " + ", $bytes, "]\n",
            $($broadcast, " ", $value, ", dword ptr [", $address, " + ", $offset, "]\n",
              define_tile_sums!(@two_sums $multiply_add $product $sum_0 $sum_1 $value $right_0 $right_1),)*
        )
    };
    // One row of a step, one or two vectors wide.
    (@one_sum [$multiply_add:literal] $product:tt $sum:tt $value:tt $right:tt) => {
        concat!($multiply_add, " ", $sum, ", ", $value, ", ", $right)
    };
    (@one_sum [$multiply:literal $add:literal] $product:tt $sum:tt $value:tt $right:tt) => {
        concat!($multiply, " ", $product, ", ", $value, ", ", $right, "\n",
                $add, " ", $sum, ", ", $sum, ", ", $product)
    };
    (@two_sums [$multiply_add:literal] $product:tt
     $sum_0:tt $sum_1:tt $value:tt $right_0:tt $right_1:tt) => {
        concat!($multiply_add, " ", $sum_0, ", ", $value, ", ", $right_0, "\n",
                $multiply_add, " ", $sum_1, ", ", $value, ", ", $right_1, "\n")
    };
    // The second product replaces the value, which no sum of the row needs any more. Additions follow both products.
    (@two_sums [$multiply:literal $add:literal] $product:tt
     $sum_0:tt $sum_1:tt $value:tt $right_0:tt $right_1:tt) => {
        concat!($multiply, " ", $product, ", ", $value, ", ", $right_0, "\n",
                $multiply, " ", $value, ", ", $value, ", ", $right_1, "\n",
                $add, " ", $sum_0, ", ", $sum_0, ", ", $product, "\n",
                $add, " ", $sum_1, ", ", $sum_1, ", ", $value, "\n")
    };
}

/// Defines `tile_sums` of up to 6 rows in the 16 registers of AVX2; the rest as of [`define_tile_sums`].
macro_rules! define_ymm_tile_sums {
    ($($settings:tt)*) => {
        define_tile_sums! {
            $($settings)*
            registers: "32" "ymm12" "ymm13" "ymm14" "ymm15",
            rows: [
                (1 0 "ymm0" "ymm1" "{row_0}")
                (2 1 "ymm2" "ymm3" "{row_0} + {stride}")
                (3 2 "ymm4" "ymm5" "{row_0} + 2 * {stride}")
                (4 3 "ymm6" "ymm7" "{row_0} + {stride_3}")
                (5 4 "ymm8" "ymm9" "{row_0} + 4 * {stride}")
                (6 5 "ymm10" "ymm11" "{row_5}")
            ]
        }
    };
}

/// Defines `tile_sums` of up to 14 rows in the 32 registers of AVX-512; the rest as of [`define_tile_sums`].
macro_rules! define_zmm_tile_sums {
    ($($settings:tt)*) => {
        define_tile_sums! {
            $($settings)*
            registers: "64" "zmm28" "zmm29" "zmm30" "zmm31",
            rows: [
                (1 0 "zmm0" "zmm1" "{row_0}")
                (2 1 "zmm2" "zmm3" "{row_0} + {stride}")
                (3 2 "zmm4" "zmm5" "{row_0} + 2 * {stride}")
                (4 3 "zmm6" "zmm7" "{row_0} + {stride_3}")
                (5 4 "zmm8" "zmm9" "{row_0} + 4 * {stride}")
                (6 5 "zmm10" "zmm11" "{row_5}")
                (7 6 "zmm12" "zmm13" "{row_5} + {stride}")
                (8 7 "zmm14" "zmm15" "{row_5} + 2 * {stride}")
                (9 8 "zmm16" "zmm17" "{row_5} + {stride_3}")
                (10 9 "zmm18" "zmm19" "{row_5} + 4 * {stride}")
                (11 10 "zmm20" "zmm21" "{row_10}")
                (12 11 "zmm22" "zmm23" "{row_10} + {stride}")
                (13 12 "zmm24" "zmm25" "{row_10} + 2 * {stride}")
                (14 13 "zmm26" "zmm27" "{row_10} + {stride_3}")
            ]
        }
    };
}

pub(in crate::simd) use {define_tile_sums, define_ymm_tile_sums, define_zmm_tile_sums};
