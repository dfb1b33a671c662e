//! Which sequences pass through the layers together, and on how many threads.

use std::ops::Range;

use crate::simd::Threads;

/// The tokens of a tile if there are many sequences: reading all weights for each tile then takes about 1 % of its
/// time.
const TILE_TOKENS: usize = 1024;

/// The fewest tokens of a tile that justify a separate thread.
const LEAST_TILE_TOKENS: usize = 256;

/// Sequences in tiles.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Adjacent sequences; every sequence is in exactly one tile.
    pub tiles: Vec<Range<usize>>,
    /// The threads that share a tile; with one thread per tile, tiles run in parallel.
    pub threads: Threads,
}

/// Groups sequences of `lengths` tokens for `threads` threads.
pub(super) fn plan(lengths: &[usize], threads: usize) -> Plan {
    let total: usize = lengths.iter().sum();
    let enough = 2 * threads;
    let wanted = total.div_ceil(TILE_TOKENS).max(enough.min(total / LEAST_TILE_TOKENS));
    let (count, threads) = match threads {
        1 => (total.div_ceil(TILE_TOKENS), Threads::One),
        _ if wanted >= enough => (wanted.next_multiple_of(threads), Threads::One),
        // Fewer tiles than this would leave threads idle.
        _ => (total.div_ceil(TILE_TOKENS), Threads::All),
    };
    Plan { tiles: divide(lengths, count), threads }
}

/// Cuts sequences into at most `count` runs of nearly equal numbers of tokens.
fn divide(lengths: &[usize], count: usize) -> Vec<Range<usize>> {
    let total: usize = lengths.iter().sum();
    let mut runs: Vec<Range<usize>> = Vec::with_capacity(count);
    let (mut before, mut last_share) = (0, None);
    for (index, length) in lengths.iter().enumerate() {
        // A sequence belongs to the run whose share of the tokens contains the middle of the sequence.
        let share = Some((before + length / 2) * count / total);
        match runs.last_mut() {
            Some(run) if share == last_share => run.end = index + 1,
            _ => runs.push(index..index + 1),
        }
        before += length;
        last_share = share;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_hold_every_sequence_once_and_in_order() {
        for threads in [1, 2, 3, 16] {
            for count in [0, 1, 2, 3, 17, 1000] {
                let lengths: Vec<usize> = (0..count).map(|index| 1 + index * 37 % 512).collect();
                let plan = plan(&lengths, threads);
                let sequences: Vec<usize> = plan.tiles.iter().cloned().flatten().collect();
                assert_eq!(sequences, (0..count).collect::<Vec<_>>());
                assert!(plan.tiles.iter().all(|tile| !tile.is_empty()));
            }
        }
    }

    #[test]
    fn tiles_of_short_sequences_are_nearly_equal() {
        let plan = plan(&[13; 2000], 2);
        assert_eq!(plan.threads, Threads::One);
        let sizes = || plan.tiles.iter().map(|tile| tile.len() * 13);
        assert!(sizes().max() <= sizes().min().map(|least| least + 26));
    }

    #[test]
    fn a_single_sequence_is_shared_by_all_threads() {
        for (threads, shared_by) in [(1, Threads::One), (2, Threads::All)] {
            let plan = plan(&[512], threads);
            assert_eq!((plan.tiles.len(), plan.threads), (1, shared_by));
        }
    }
}
