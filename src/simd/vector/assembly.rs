//! The loop of a product tile, instruction by instruction.
//!
//! A compiler that sees all rows of a tile loads all their values first and runs out of registers, at half the speed.
//! Here every sum has its register, and every step is one load of the right row, then for each row of the tile one
//! broadcast and a multiply-add per vector.

/// Defines `tile_sums::<ROWS, VECTORS>(tile)` for one width of registers.
///
/// `rows` lists, for each number of rows, the rows with the registers of their sums and their address; an address has
/// the pointer to row 0, 5 or 10 and up to four strides.
macro_rules! define_tile_sums {
    (
        feature: $feature:literal,
        vector: $vector:ty,
        bytes: $bytes:literal,
        right: $right_0:tt $right_1:tt,
        broadcast: $broadcast:tt,
        tiles: { $($count:literal => [$($row:literal $sum_0:tt $sum_1:tt $address:literal),*])* }
    ) => {
        /// The sums of `ROWS` rows of `VECTORS` vectors.
        ///
        /// # Safety
        ///
        /// As of [`Simd::tile_sums`].
        #[inline]
        #[target_feature(enable = $feature)]
        #[expect(unsafe_code, clippy::too_many_lines, reason = "assembly, a line each")]
        unsafe fn tile_sums<const ROWS: usize, const VECTORS: usize>(tile: Tile) -> [[$vector; VECTORS]; ROWS] {
            let size = size_of::<f32>();
            let (stride, rest) = (size * tile.left_stride, tile.depth % 4);
            let mut sums = [[zero(); VECTORS]; ROWS];
            // SAFETY: the loops read `ROWS` rows of `depth` values on the left and `depth` rows of `VECTORS` vectors on
            // the right: the caller's promise. Pointers past the last row are made by wrapping and not read.
            unsafe {
                match (ROWS, VECTORS) {
                    $(
                    ($count, 2) => std::arch::asm!(
                        $(concat!("vxorps ", $sum_0, ", ", $sum_0, ", ", $sum_0),
                          concat!("vxorps ", $sum_1, ", ", $sum_1, ", ", $sum_1),)*
                        "test {fours}, {fours}",
                        "jz 3f",
                        ".p2align 4",
                        "2:",
                        concat!("vmovups ", $right_0, ", [{right}]"),
                        concat!("vmovups ", $right_1, ", [{right} + ", $bytes, "]"),
                        $(concat!("vbroadcastss ", $broadcast, ", dword ptr [", $address, "]"),
                          concat!("vfmadd231ps ", $sum_0, ", ", $broadcast, ", ", $right_0),
                          concat!("vfmadd231ps ", $sum_1, ", ", $broadcast, ", ", $right_1),)*
                        concat!("vmovups ", $right_0, ", [{right} + {right_stride}]"),
                        concat!("vmovups ", $right_1, ", [{right} + {right_stride} + ", $bytes, "]"),
                        $(concat!("vbroadcastss ", $broadcast, ", dword ptr [", $address, " + 4]"),
                          concat!("vfmadd231ps ", $sum_0, ", ", $broadcast, ", ", $right_0),
                          concat!("vfmadd231ps ", $sum_1, ", ", $broadcast, ", ", $right_1),)*
                        "lea {right}, [{right} + 2 * {right_stride}]",
                        concat!("vmovups ", $right_0, ", [{right}]"),
                        concat!("vmovups ", $right_1, ", [{right} + ", $bytes, "]"),
                        $(concat!("vbroadcastss ", $broadcast, ", dword ptr [", $address, " + 8]"),
                          concat!("vfmadd231ps ", $sum_0, ", ", $broadcast, ", ", $right_0),
                          concat!("vfmadd231ps ", $sum_1, ", ", $broadcast, ", ", $right_1),)*
                        concat!("vmovups ", $right_0, ", [{right} + {right_stride}]"),
                        concat!("vmovups ", $right_1, ", [{right} + {right_stride} + ", $bytes, "]"),
                        $(concat!("vbroadcastss ", $broadcast, ", dword ptr [", $address, " + 12]"),
                          concat!("vfmadd231ps ", $sum_0, ", ", $broadcast, ", ", $right_0),
                          concat!("vfmadd231ps ", $sum_1, ", ", $broadcast, ", ", $right_1),)*
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
                        concat!("vmovups ", $right_0, ", [{right}]"),
                        concat!("vmovups ", $right_1, ", [{right} + ", $bytes, "]"),
                        $(concat!("vbroadcastss ", $broadcast, ", dword ptr [", $address, "]"),
                          concat!("vfmadd231ps ", $sum_0, ", ", $broadcast, ", ", $right_0),
                          concat!("vfmadd231ps ", $sum_1, ", ", $broadcast, ", ", $right_1),)*
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
                        right_stride = in(reg) size * tile.right_stride,
                        fours = inout(reg) tile.depth / 4 => _,
                        rest = inout(reg) rest => _,
                        $(out($sum_0) sums[$row][0], out($sum_1) sums[$row][1],)*
                        out($right_0) _, out($right_1) _, out($broadcast) _,
                        options(readonly, nostack),
                    ),
                    ($count, 1) => std::arch::asm!(
                        $(concat!("vxorps ", $sum_0, ", ", $sum_0, ", ", $sum_0),)*
                        "add {fours}, {rest}",
                        "jz 5f",
                        "4:",
                        concat!("vmovups ", $right_0, ", [{right}]"),
                        $(concat!("vbroadcastss ", $broadcast, ", dword ptr [", $address, "]"),
                          concat!("vfmadd231ps ", $sum_0, ", ", $broadcast, ", ", $right_0),)*
                        "add {right}, {right_stride}",
                        "add {row_0}, 4",
                        "add {row_5}, 4",
                        "add {row_10}, 4",
                        "dec {fours}",
                        "jnz 4b",
                        "5:",
                        "/* {stride} {stride_3} */",
                        row_0 = inout(reg) tile.left => _,
                        row_5 = inout(reg) tile.left.wrapping_byte_add(5 * stride) => _,
                        row_10 = inout(reg) tile.left.wrapping_byte_add(10 * stride) => _,
                        stride = in(reg) stride,
                        stride_3 = in(reg) 3 * stride,
                        right = inout(reg) tile.right => _,
                        right_stride = in(reg) size * tile.right_stride,
                        fours = inout(reg) tile.depth - rest => _,
                        rest = in(reg) rest,
                        $(out($sum_0) sums[$row][0],)*
                        out($right_0) _, out($broadcast) _,
                        options(readonly, nostack),
                    ),
                    )*
                    _ => unreachable!("no tile of that size"),
                }
            }
            sums
        }
    };
}

pub(super) use define_tile_sums;
