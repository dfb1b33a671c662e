//! Amounts of money.

use std::fmt;
use std::ops::Add;

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Dollars(pub f64);

impl Add for Dollars {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl fmt::Display for Dollars {
    /// Cents as far as a price of a few cents for a million tokens needs them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SMALLEST: f64 = 1e-6;
        if self.0 > 0.0 && self.0 < SMALLEST {
            return formatter.write_str("less than $0.000001");
        }
        let decimals = if self.0 >= 1.0 || self.0 == 0.0 { 2 } else { 6 };
        write!(formatter, "${:.decimals$}", self.0)
    }
}

/// The price of a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Price(pub Dollars);

impl Price {
    /// The price of `tokens`.
    #[must_use]
    pub fn of(self, tokens: u64) -> Dollars {
        Dollars(self.0.0 * tokens as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_that_small_ones_need() {
        for (dollars, shown) in
            [(12.3456, "$12.35"), (0.0042, "$0.004200"), (3e-8, "less than $0.000001"), (0.0, "$0.00")]
        {
            assert_eq!(Dollars(dollars).to_string(), shown);
        }
        assert_eq!(Price(Dollars(0.02)).of(500_000), Dollars(0.01));
    }
}
