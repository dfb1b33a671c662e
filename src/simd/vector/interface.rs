//! The operations on a vector of float32 lanes that kernels use.

/// The lanes of the widest vector: room for one on the stack for any instruction set.
pub(crate) const WIDEST: usize = 16;

/// The rows of the tallest product tile.
pub(crate) const MOST_ROWS: usize = 14;

/// A computation that is compiled once for each instruction set.
pub(crate) trait Operation {
    /// The result.
    type Output;

    /// Runs the computation. Every implementation must be `#[inline(always)]`, or its code is compiled without the
    /// features of `S`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Rows x depth times depth x columns.
///
/// Each sum starts at zero and adds its products in order of depth: a value does not depend on the other rows of its
/// tile.
#[derive(Clone, Copy)]
pub(crate) struct Tile<L = f32, R = f32> {
    /// The first row of the left matrix.
    pub left: *const L,
    /// From a row of the left matrix to the next, in values.
    pub left_stride: usize,
    /// The first row of the right matrix.
    pub right: *const R,
    /// From a row of the right matrix to the next, in values.
    pub right_stride: usize,
    /// The columns of the left matrix and rows of the right one.
    pub depth: usize,
}

/// Arithmetic on vectors of [`Simd::LANES`] float32 values.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// The lanes.
    type Vector: Copy;

    /// The number of lanes; at most [`WIDEST`].
    const LANES: usize;

    /// The rows of a product tile: with two vectors a row, as many sums as the registers hold; at most [`MOST_ROWS`].
    const TILE_ROWS: usize;

    /// Runs `operation` as code that may use this instruction set.
    fn vectorize<O: Operation>(self, operation: O) -> O::Output;

    /// `value` in every lane.
    fn splat(self, value: f32) -> Self::Vector;

    /// The lanes at `source`.
    ///
    /// # Safety
    ///
    /// `source` is valid for reading [`Simd::LANES`] values; it need not be aligned.
    #[expect(unsafe_code, reason = "reads through a pointer")]
    unsafe fn load_from(self, source: *const f32) -> Self::Vector;

    /// Writes the lanes to `target`.
    ///
    /// # Safety
    ///
    /// `target` is valid for writing [`Simd::LANES`] values; it need not be aligned.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn store_to(self, vector: Self::Vector, target: *mut f32);

    /// The sums of a tile of `ROWS` rows, each `VECTORS` (one or two) vectors wide.
    ///
    /// # Safety
    ///
    /// `tile.left` is valid for reading `ROWS` rows of `tile.depth` values, `tile.right` for `tile.depth` rows of
    /// `VECTORS` vectors.
    #[inline(always)]
    #[expect(unsafe_code, reason = "reads through pointers")]
    unsafe fn tile_sums<const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile,
    ) -> [[Self::Vector; VECTORS]; ROWS] {
        let mut sums = [[self.splat(0.0); VECTORS]; ROWS];
        for step in 0..tile.depth {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: the caller's promise.
                    let (down, across) = unsafe {
                        let right = tile.right.add(step * tile.right_stride + vector * Self::LANES);
                        (*tile.left.add(row * tile.left_stride + step), self.load_from(right))
                    };
                    *sum = self.multiply_add(self.splat(down), across, *sum);
                }
            }
        }
        sums
    }

    /// The first lanes of little-endian float16 values, two bytes each.
    fn widen(self, halves: &[u8]) -> Self::Vector;

    /// `left + right`.
    fn add(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    /// `left - right`.
    fn subtract(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    /// `left * right`.
    fn multiply(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    /// `left * right + addend`, rounded once where the instruction set can.
    fn multiply_add(self, left: Self::Vector, right: Self::Vector, addend: Self::Vector) -> Self::Vector;

    /// The greater of each pair of lanes.
    fn maximum(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    /// The lesser of each pair of lanes.
    fn minimum(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    /// `left / right`.
    fn divide(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    /// The nearest whole number.
    fn round(self, vector: Self::Vector) -> Self::Vector;

    /// `vector` times two to the power of `exponent`, a whole number from -126 to 127.
    fn scale_by_power_of_two(self, vector: Self::Vector, exponent: Self::Vector) -> Self::Vector;

    /// The first [`Simd::LANES`] of `integers`, each rounded to the nearest float32.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[inline(always)]
    fn load_integers(self, integers: &[i32]) -> Self::Vector {
        let mut lanes = [0.0; WIDEST];
        for (lane, integer) in lanes.iter_mut().zip(&integers[..Self::LANES]) {
            *lane = *integer as f32;
        }
        self.load(&lanes)
    }

    /// Rounds lanes from -128 to 255 to the nearest whole number, halves to the even one, and writes the lowest byte of
    /// each to `target`, which is at most a vector long.
    #[inline(always)]
    fn store_as_bytes(self, vector: Self::Vector, target: &mut [u8]) {
        let lanes = whole_lanes(self, vector);
        for (byte, lane) in target.iter_mut().zip(lanes) {
            *byte = lane as u8;
        }
    }

    /// As [`Simd::store_as_bytes`], with two bytes for each lane: a little-endian integer of 16 bits.
    #[inline(always)]
    fn store_as_words(self, vector: Self::Vector, target: &mut [u8]) {
        let lanes = whole_lanes(self, vector);
        for (word, lane) in target.as_chunks_mut().0.iter_mut().zip(lanes) {
            *word = (lane as i16).to_le_bytes();
        }
    }

    /// Writes four bytes for each lane to `target`: whole numbers of 16 bits from both vectors, `first` below.
    ///
    /// # Panics
    ///
    /// If `target` has fewer places than lanes.
    #[inline(always)]
    fn store_word_pairs(self, first: Self::Vector, second: Self::Vector, target: &mut [[i8; 4]]) {
        let lanes = whole_lanes(self, first).into_iter().zip(whole_lanes(self, second));
        for (four, (first, second)) in target[..Self::LANES].iter_mut().zip(lanes) {
            let [[a, b], [c, d]] = [first, second].map(|lane| (lane as i16).to_le_bytes());
            *four = [a, b, c, d].map(u8::cast_signed);
        }
    }

    /// Writes four bytes for each lane to `target`: whole numbers of 8 bits from all vectors, the first lowest.
    ///
    /// # Panics
    ///
    /// If `target` has fewer places than lanes.
    #[inline(always)]
    fn store_byte_fours(self, vectors: [Self::Vector; 4], target: &mut [[i8; 4]]) {
        let target = &mut target[..Self::LANES];
        for (place, vector) in vectors.into_iter().enumerate() {
            for (four, lane) in target.iter_mut().zip(whole_lanes(self, vector)) {
                four[place] = lane as i8;
            }
        }
    }

    /// The sum of the lanes, in an order that is always the same.
    fn sum_of_lanes(self, vector: Self::Vector) -> f32;

    /// The greatest lane.
    fn greatest_lane(self, vector: Self::Vector) -> f32;

    /// Writes the transpose of a square block: lane `column` of `row(index)` becomes value `index` of the vector at
    /// `target[column * stride..]`, for the first `columns` lanes.
    ///
    /// # Panics
    ///
    /// If `target` is too short, or `columns` greater than [`Simd::LANES`].
    #[inline(always)]
    fn transpose(
        self,
        row: impl Fn(usize) -> Self::Vector,
        target: &mut [f32],
        stride: usize,
        columns: usize,
    ) {
        let mut lanes = [0.0; WIDEST];
        for index in 0..Self::LANES {
            self.store(row(index), &mut lanes);
            for column in 0..columns {
                target[column * stride + index] = lanes[column];
            }
        }
    }

    /// The first [`Simd::LANES`] values of `source`.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[inline(always)]
    #[expect(unsafe_code, reason = "loads a vector")]
    fn load(self, source: &[f32]) -> Self::Vector {
        assert!(source.len() >= Self::LANES, "a whole vector");
        // SAFETY: the slice is long enough.
        unsafe { self.load_from(source.as_ptr()) }
    }

    /// Writes the lanes to the start of `target`.
    ///
    /// # Panics
    ///
    /// If it is shorter than a vector.
    #[inline(always)]
    #[expect(unsafe_code, reason = "stores a vector")]
    fn store(self, vector: Self::Vector, target: &mut [f32]) {
        assert!(target.len() >= Self::LANES, "a whole vector");
        // SAFETY: the slice is long enough.
        unsafe { self.store_to(vector, target.as_mut_ptr()) }
    }

    /// The first lanes of little-endian float32 values, four bytes each.
    ///
    /// # Panics
    ///
    /// If there are fewer than a vector of them.
    #[inline(always)]
    fn load_bytes(self, bytes: &[u8]) -> Self::Vector {
        let mut lanes = [0.0; WIDEST];
        for (lane, value) in lanes.iter_mut().zip(bytes[..4 * Self::LANES].as_chunks().0) {
            *lane = f32::from_le_bytes(*value);
        }
        self.load(&lanes)
    }

    /// The values of `source`, at most a vector of them, and `fill` in the lanes beyond.
    #[inline(always)]
    fn load_partial(self, source: &[f32], fill: f32) -> Self::Vector {
        let mut lanes = [fill; WIDEST];
        lanes[..source.len()].copy_from_slice(source);
        self.load(&lanes)
    }

    /// The first `count` lanes of `vector`, and `fill` in the lanes beyond.
    #[inline(always)]
    fn keep_first(self, vector: Self::Vector, count: usize, fill: f32) -> Self::Vector {
        let mut lanes = [0.0; WIDEST];
        self.store(vector, &mut lanes);
        lanes[count..].fill(fill);
        self.load(&lanes)
    }

    /// Writes the first lanes to all of `target`, which is at most a vector long.
    #[inline(always)]
    fn store_partial(self, vector: Self::Vector, target: &mut [f32]) {
        let mut lanes = [0.0; WIDEST];
        self.store(vector, &mut lanes);
        target.copy_from_slice(&lanes[..target.len()]);
    }
}

/// Lanes from -2^22 to 2^22, each rounded to the nearest whole number, in the lowest 22 bits.
#[inline(always)]
fn whole_lanes<S: Simd>(simd: S, vector: S::Vector) -> [i32; WIDEST] {
    // Beyond 2^23 the lowest bits of a float32 are those of a whole number.
    const MAGIC: f32 = 12_582_912.0;
    let mut lanes = [0.0_f32; WIDEST];
    simd.store(simd.add(vector, simd.splat(MAGIC)), &mut lanes);
    lanes.map(|lane| lane.to_bits().cast_signed())
}
