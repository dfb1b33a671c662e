//! Many queries of 8-bit integers.

use super::layout::{BLOCK, GROUP, RAISED_BY};

/// The sixteen queries of a group: four components of each, then the next four, signed bytes in two's complement.
pub(super) type Group = Vec<[u8; BLOCK]>;

/// Queries of 8-bit integers, in groups of [`GROUP`].
#[derive(Debug, Clone)]
pub struct NarrowQueries {
    width: usize,
    /// The largest magnitude of a component.
    pub(super) largest: u8,
    groups: Vec<Group>,
    /// The amount that the offset of the codes adds to every sum of a query.
    raised: Vec<[i32; GROUP]>,
}

impl NarrowQueries {
    /// The queries in `components`, `width` of them each. The last group is filled with queries of zeros.
    ///
    /// # Panics
    ///
    /// If `width` is 0 or above 65,536, or `components` is not a whole number of queries.
    #[must_use]
    pub fn new(components: &[i8], width: usize) -> Self {
        assert!((1..=1 << 16).contains(&width), "the sums of products fit 32 bits");
        assert!(components.len().is_multiple_of(width), "queries are whole vectors");
        let largest = components.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0);
        let mut queries = Self { width, largest, groups: Vec::new(), raised: Vec::new() };
        for members in components.chunks(GROUP * width) {
            let mut group = vec![[0; BLOCK]; width.div_ceil(4)];
            let mut group_raised = [0; GROUP];
            for (lane, query) in members.chunks_exact(width).enumerate() {
                for (component, value) in query.iter().enumerate() {
                    group[component / 4][lane * 4 + component % 4] = value.cast_unsigned();
                }
                group_raised[lane] = query.iter().map(|&value| i32::from(RAISED_BY) * i32::from(value)).sum();
            }
            queries.groups.push(group);
            queries.raised.push(group_raised);
        }
        queries
    }

    /// The groups.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The number of groups.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The number of blocks of a row with a code for each component of a query.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.width.div_ceil(BLOCK)
    }
}

/// A tile of sums: `GROUPS` groups of queries times `ROWS` rows.
pub(super) type Tile<const GROUPS: usize, const ROWS: usize> = [[[i32; GROUP]; GROUPS]; ROWS];

/// Fills the sums of `GROUPS` groups from `first_group` on for all rows, as [`InstructionSet::narrow_sums`](crate::simd::InstructionSet::narrow_sums) lays them out. A tile
/// is given as many steps of four codes of each row as a group has.
#[inline]
pub(super) fn narrow_sums_in_tiles<const GROUPS: usize, const ROWS: usize>(
    queries: &NarrowQueries,
    first_group: usize,
    rows: &[[u8; BLOCK]],
    sums: &mut [[i32; GROUP]],
    tile: impl Fn([&Group; GROUPS], [[i32; GROUP]; GROUPS], [&[[u8; 4]]; ROWS]) -> Tile<GROUPS, ROWS>,
) {
    let groups = std::array::from_fn(|group| &queries.groups[first_group + group]);
    let start = std::array::from_fn(|group| queries.raised[first_group + group].map(i32::wrapping_neg));
    let (steps, row_count) = (queries.width.div_ceil(4), rows.len() / queries.blocks());
    let row = |row: usize| {
        let blocks = &rows[row.min(row_count - 1) * queries.blocks()..][..queries.blocks()];
        &blocks.as_flattened().as_chunks().0[..steps]
    };
    for first_row in (0..row_count).step_by(ROWS) {
        let tile = tile(groups, start, std::array::from_fn(|offset| row(first_row + offset)));
        for (row, tile) in (first_row..row_count).zip(tile) {
            for (group, tile) in (first_group..).zip(tile) {
                sums[group * row_count + row] = tile;
            }
        }
    }
}
