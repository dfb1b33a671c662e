//! The first pass of a scan: codes against queries in integers.

use super::blocks::Block;
use super::bound::{Bound, Limits, quantize};
use super::candidates::Candidates;
use super::checksums::Guard;
use super::codes::Codes;
use crate::simd::{BLOCK, Ceilings, GROUP, InstructionSet, NarrowQueries, Scaling, WideQuery};
use crate::vectors::RowId;

/// Fewer queries than this are multiplied with the rows one by one: that is faster than padding a group of narrow
/// queries, and bounds the scores more tightly.
pub(super) const QUERIES_OF_A_GROUP: usize = 4;

/// The sums that are computed and checked at a time: 16 KiB, which stay in the first-level cache.
const SUMS_AT_ONCE: usize = 4 * 1024;

/// Codes, compared with their checksums before they are used.
#[derive(Clone, Copy)]
pub(super) struct GuardedCodes<'a> {
    pub(super) codes: Codes<'a>,
    pub(super) guard: Option<Guard<'a>>,
}

impl<'a> GuardedCodes<'a> {
    /// The codes, whose coarse parts of the rows of `block` are checked.
    fn for_coarse(self, block: &Block<'_>) -> Codes<'a> {
        if let Some(guard) = self.guard {
            guard.check_coarse(self.codes, block);
        }
        self.codes
    }

    /// The codes, whose fine parts of the rows of `block` are checked.
    fn for_fine(self, block: &Block<'_>) -> Codes<'a> {
        if let Some(guard) = self.guard {
            guard.check_fine(self.codes, block);
        }
        self.codes
    }
}

/// Queries, ready to be multiplied with codes.
pub(super) enum Screen {
    /// A few, in 16-bit integers.
    Wide(Vec<(WideQuery, Bound)>),
    /// Many, in 8-bit integers.
    Narrow(NarrowQueries, Vec<Bound>),
}

impl Screen {
    /// Prepares `queries`, `width` components each, for `set`.
    pub(super) fn new(set: InstructionSet, queries: &[f32], width: usize) -> Self {
        if !set.multiplies_bytes() || queries.len() / width < QUERIES_OF_A_GROUP {
            let limits = Limits { largest: WideQuery::LARGEST, sum: WideQuery::LARGEST_SUM };
            let quantized = queries.chunks_exact(width).map(|query| quantize(query, limits));
            return Self::Wide(
                quantized
                    .map(|query| (WideQuery::new(&query.integers), query.bound.of_doubled_sums()))
                    .collect(),
            );
        }
        let limits = Limits { largest: i16::from(set.largest_narrow()), sum: u32::MAX };
        let (mut integers, mut bounds) = (Vec::with_capacity(queries.len()), Vec::new());
        for query in queries.chunks_exact(width).map(|query| quantize(query, limits)) {
            integers.extend(query.integers.iter().map(|&integer| integer as i8));
            bounds.push(query.bound);
        }
        Self::Narrow(NarrowQueries::new(&integers, width), bounds)
    }

    /// Offers the rows of a block that the bars do not rule out to the candidates of each query.
    pub(super) fn look(
        &self,
        set: InstructionSet,
        guarded: GuardedCodes<'_>,
        block: &Block<'_>,
        candidates: &mut [Candidates],
    ) {
        let codes = guarded.for_coarse(block);
        match self {
            Self::Wide(queries) => {
                let mut sums = vec![0; block.len()];
                for ((query, bound), candidates) in queries.iter().zip(candidates) {
                    set.coarse_sums(query, codes.coarse_rows(block), &mut sums);
                    let left = Left::by_coarse_sums(*bound, codes, block, &sums, candidates.bar());
                    left.look(set, query, bound, guarded, candidates);
                }
            }
            Self::Narrow(queries, bounds) => {
                let rows_at_once = (SUMS_AT_ONCE / GROUP / queries.group_count()).max(1);
                let codes = guarded.for_fine(block);
                let mut room = Room::default();
                for part in block.parts(rows_at_once) {
                    room.take_sums(set, queries, codes, &part);
                    room.look(set, bounds, &part, candidates);
                }
            }
        }
    }
}

/// The rows of a block that their coarse codes do not rule out.
struct Left {
    rows: Vec<u32>,
    sums: Vec<i32>,
}

impl Left {
    /// Not inlined: alone, the loop keeps its values in registers.
    #[inline(never)]
    fn by_coarse_sums(bound: Bound, codes: Codes<'_>, block: &Block<'_>, sums: &[i32], bar: f32) -> Self {
        let mut left = Self { rows: Vec::new(), sums: Vec::new() };
        for (position, (scaling, &sum)) in codes.coarse_scalings(block).zip(sums).enumerate() {
            let ruled_out = bound.interval(scaling, sum).upper < bar;
            if !ruled_out {
                left.rows.push(block.row(position).0);
                left.sums.push(sum);
            }
        }
        left
    }

    /// Offers the rows to the candidates, with the intervals of both parts of their codes.
    fn look(
        &self,
        set: InstructionSet,
        query: &WideQuery,
        bound: &Bound,
        guarded: GuardedCodes<'_>,
        candidates: &mut Candidates,
    ) {
        let block = Block::Scattered(&self.rows);
        let codes = guarded.for_fine(&block);
        let mut fine_sums = vec![0; self.rows.len()];
        set.fine_sums(query, codes.fine_rows(&block), &mut fine_sums);
        let sums = self.sums.iter().zip(fine_sums).map(|(coarse, fine)| coarse + fine);
        for ((&row, scaling), sum) in self.rows.iter().zip(codes.scalings(&block)).zip(sums) {
            candidates.offer(RowId(row), bound.interval(scaling, sum));
        }
    }
}

/// Scratch memory for a few rows and all narrow queries.
#[derive(Default)]
struct Room {
    scalings: Vec<Scaling>,
    /// Rows x blocks.
    codes: Vec<[u8; BLOCK]>,
    /// Groups x rows.
    sums: Vec<[i32; GROUP]>,
    reached: Vec<bool>,
}

impl Room {
    fn take_sums(
        &mut self,
        set: InstructionSet,
        queries: &NarrowQueries,
        codes: Codes<'_>,
        block: &Block<'_>,
    ) {
        self.scalings.clear();
        self.scalings.extend(codes.scalings(block));
        self.sums.resize(block.len() * queries.group_count(), [0; GROUP]);
        self.reached.resize(block.len(), false);
        self.codes.resize(block.len() * queries.blocks(), [0; BLOCK]);
        set.unpack(codes.coarse_rows(block), codes.fine_rows(block), &mut self.codes);
        set.narrow_sums(queries, &self.codes, &mut self.sums);
    }

    /// Offers the rows of the last [`Room::take_sums`] to the candidates of each query.
    fn look(
        &mut self,
        set: InstructionSet,
        bounds: &[Bound],
        block: &Block<'_>,
        candidates: &mut [Candidates],
    ) {
        let groups = bounds.chunks(GROUP).zip(candidates.chunks_mut(GROUP));
        for ((bounds, candidates), sums) in groups.zip(self.sums.chunks_exact(block.len())) {
            let ceilings = ceilings(bounds, candidates);
            set.mark_reaching(&ceilings, &self.scalings, sums, &mut self.reached);
            let rows = block.rows().zip(&self.scalings).zip(sums);
            for (((row, &scaling), sums), _) in rows.zip(&self.reached).filter(|(_, reached)| **reached) {
                for ((bound, candidates), &sum) in bounds.iter().zip(candidates.iter_mut()).zip(sums) {
                    candidates.offer(row, bound.interval(scaling, sum));
                }
            }
        }
    }
}

/// The bounds and the bars of a group of queries; no row reaches the bars of missing queries.
fn ceilings(bounds: &[Bound], candidates: &[Candidates]) -> Ceilings {
    let lanes = |part: fn(&Bound) -> f32| std::array::from_fn(|lane| bounds.get(lane).map_or(0.0, part));
    Ceilings {
        steps: lanes(|bound| bound.step),
        per_error: lanes(|bound| bound.per_error),
        constants: lanes(|bound| bound.constant),
        bars: std::array::from_fn(|lane| candidates.get(lane).map_or(f32::INFINITY, Candidates::bar)),
    }
}
