//! Texts to requests.

use std::ops::Range;

/// The most that a request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) texts: usize,
    pub(super) tokens: usize,
    pub(super) bytes: usize,
}

/// The size of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) tokens: usize,
    pub(super) bytes: usize,
}

/// Requests with fewer texts than this are not made smaller to run at the same time.
const FEWEST_TEXTS: usize = 64;

/// Divides texts of `sizes` into requests within `limits`: adjacent ranges, in order. Many texts are divided among `parallel`
/// requests at least; few are one request. A text that exceeds a limit alone is sent alone.
pub(super) fn pack(sizes: &[Size], limits: Limits, parallel: usize) -> Vec<Range<usize>> {
    let texts = sizes.len().div_ceil(parallel).max(FEWEST_TEXTS).min(limits.texts);
    let mut requests = Vec::new();
    let (mut start, mut tokens, mut bytes) = (0, 0, 0);
    for (index, size) in sizes.iter().enumerate() {
        let is_full = index - start == texts
            || tokens + size.tokens > limits.tokens
            || bytes + size.bytes > limits.bytes;
        if index > start && is_full {
            requests.push(start..index);
            (start, tokens, bytes) = (index, 0, 0);
        }
        tokens += size.tokens;
        bytes += size.bytes;
    }
    if start < sizes.len() {
        requests.push(start..sizes.len());
    }
    requests
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { texts: 2048, tokens: 300_000, bytes: 8 << 20 };

    fn sizes(tokens: &[usize]) -> Vec<Size> {
        tokens.iter().map(|&tokens| Size { tokens, bytes: 4 * tokens }).collect()
    }

    #[test]
    fn few_texts_are_one_request_and_many_are_one_for_each_of_the_parallel_ones() {
        assert!(pack(&[], LIMITS, 4).is_empty());
        assert_eq!(pack(&sizes(&[5; 64]), LIMITS, 4), vec![0..64]);
        assert_eq!(pack(&sizes(&[5; 400]), LIMITS, 4), vec![0..100, 100..200, 200..300, 300..400]);
        assert_eq!(pack(&sizes(&vec![5; 5000]), LIMITS, 1).len(), 3);
    }

    #[test]
    fn a_text_beyond_the_limit_is_alone() {
        assert_eq!(pack(&sizes(&[10, 400_000, 10]), LIMITS, 1), vec![0..1, 1..2, 2..3]);
    }

    proptest! {
        #[test]
        fn requests_hold_every_text_once_in_order_and_keep_the_limits(
            tokens in prop::collection::vec(0_usize..200, 0..300),
            parallel in 1_usize..9,
        ) {
            let sizes = sizes(&tokens);
            let limits = Limits { texts: 90, tokens: 1000, bytes: 3000 };
            let requests = pack(&sizes, limits, parallel);
            let all: Vec<usize> = requests.iter().cloned().flatten().collect();
            prop_assert_eq!(all, (0..sizes.len()).collect::<Vec<_>>());
            for request in requests {
                let held = &sizes[request];
                let tokens: usize = held.iter().map(|size| size.tokens).sum();
                let bytes: usize = held.iter().map(|size| size.bytes).sum();
                prop_assert!(held.len() <= limits.texts);
                prop_assert!(tokens <= limits.tokens && bytes <= limits.bytes || held.len() == 1);
            }
        }
    }
}
