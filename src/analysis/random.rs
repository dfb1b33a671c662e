//! Pseudorandom numbers that depend only on the seed, on every machine and in every version.

/// The generator `SplitMix64` of Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
#[derive(Debug, Clone)]
pub(super) struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 (inclusive) to 1 (exclusive), with 53 random bits.
    pub(super) const fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws a position with a probability proportional to its weight; `None` if the sum of `weights` is 0.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let mut left = self.fraction() * total;
        let heavier = |&weight: &f64| {
            left -= weight;
            left < 0.0
        };
        // Rounding may leave a remainder after the last weight.
        weights.iter().position(heavier).or_else(|| weights.iter().rposition(|&weight| weight > 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_match_the_reference_implementation() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers = [(); 3].map(|()| random.next());
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn positions_are_drawn_in_proportion_to_their_weights() {
        let mut random = SplitMix64::new(7);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[random.weighted(&[1.0, 0.0, 2.0, 1.0]).expect("there is weight")] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!(counts.iter().zip([2500, 0, 5000, 2500]).all(|(&count, mean)| i32::abs(count - mean) < 200));
        assert_eq!(random.weighted(&[0.0, 0.0]), None);
        assert_eq!(random.weighted(&[]), None);
    }
}
