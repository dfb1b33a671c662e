//! Work in steps that fit the cache, on one thread or all.

use std::ops::Range;

use rayon::prelude::*;

/// The weights of one step of a product, in bytes: the other half of a common second-level cache is for the
/// activations.
const STEP_BYTES: usize = 384 * 1024;

/// How many threads share a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread.
    One,
    /// All of the current rayon pool.
    All,
}

/// Calls `work` on all panels, each once, in runs that fit the cache.
pub(crate) fn for_each_step(
    panels: usize,
    panel_bytes: usize,
    threads: Threads,
    work: impl Fn(Range<usize>) + Sync,
) {
    let most = (STEP_BYTES / panel_bytes).max(1);
    let count = match threads {
        Threads::One => most,
        Threads::All => most.min(panels.div_ceil(4 * rayon::current_num_threads())),
    };
    let step = |index: usize| work(index * count..panels.min((index + 1) * count));
    match threads {
        Threads::One => (0..panels.div_ceil(count)).for_each(step),
        Threads::All => (0..panels.div_ceil(count)).into_par_iter().for_each(step),
    }
}
