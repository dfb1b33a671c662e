//! What is spent: tokens, requests and money, and the limit to the money.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Add;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::ProviderError;
use super::money::{Dollars, Price};

/// What the service said was used.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Answered requests.
    pub requests: u64,
    /// Texts.
    pub texts: u64,
    /// Tokens, from the answers' `usage` where they have it.
    pub tokens: u64,
    /// The price of the tokens, where it is known.
    pub cost: Option<Dollars>,
}

/// The cost of texts, before they are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// The model.
    pub model: String,
    /// Tokens of the texts.
    pub tokens: u64,
    /// What was spent in this run before.
    pub spent: Dollars,
    /// What the texts cost.
    pub next: Dollars,
    /// The limit.
    pub limit: Dollars,
}

/// Whether a bill above the limit is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// The limit no longer holds.
    Granted,
    /// Nothing more is sent.
    Refused,
}

/// Decides whether a bill above the limit is paid.
type Approve = Box<dyn Fn(&Bill) -> Approval + Send + Sync>;

/// What is spent in a run, for every model, and the limit to it.
#[derive(Default)]
pub struct Ledger {
    state: Mutex<State>,
    approve: Option<Approve>,
}

#[derive(Default)]
struct State {
    used: BTreeMap<String, Usage>,
    limit: Option<Dollars>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ledger").field("used", &self.used()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// A ledger with a limit in dollars; `approve` decides before it is exceeded.
    #[must_use]
    pub fn with_limit(limit: Dollars, approve: impl Fn(&Bill) -> Approval + Send + Sync + 'static) -> Self {
        let state = State { used: BTreeMap::new(), limit: Some(limit) };
        Self { state: Mutex::new(state), approve: Some(Box::new(approve)) }
    }

    /// What was used so far of each model, by name.
    #[must_use]
    pub fn used(&self) -> Vec<(String, Usage)> {
        self.state().used.iter().map(|(name, usage)| (name.clone(), *usage)).collect()
    }

    /// What was spent so far, on all models whose price is known.
    #[must_use]
    pub fn spent(&self) -> Dollars {
        self.state().spent()
    }

    /// Asks for approval of `tokens` more of `model`, if they exceed the limit.
    ///
    /// # Errors
    ///
    /// [`ProviderError::TooExpensive`], and [`ProviderError::NoPrice`] where there is a limit and no price.
    pub fn approve(&self, model: &str, tokens: u64, price: Option<Price>) -> Result<(), ProviderError> {
        let (spent, limit) = {
            let state = self.state();
            let Some(limit) = state.limit.filter(|_| tokens > 0) else { return Ok(()) };
            (state.spent(), limit)
        };
        let price = price.ok_or_else(|| ProviderError::NoPrice { model: model.to_owned() })?;
        let next = price.of(tokens);
        if spent + next <= limit {
            return Ok(());
        }
        let bill = Bill { model: model.to_owned(), tokens, spent, next, limit };
        match self.approve.as_ref().map(|approve| approve(&bill)) {
            Some(Approval::Granted) => {
                self.state().limit = None;
                Ok(())
            }
            Some(Approval::Refused) | None => {
                Err(ProviderError::TooExpensive { model: bill.model, spent, next, limit })
            }
        }
    }

    /// Adds an answered request.
    pub(super) fn add(&self, model: &str, texts: u64, tokens: u64, price: Option<Price>) {
        let mut state = self.state();
        let usage = state.used.entry(model.to_owned()).or_default();
        usage.requests += 1;
        usage.texts += texts;
        usage.tokens += tokens;
        usage.cost = price.map(|price| price.of(usage.tokens));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state complete.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn spent(&self) -> Dollars {
        self.used.values().filter_map(|usage| usage.cost).fold(Dollars::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const PRICE: Option<Price> = Some(Price(Dollars(0.02)));

    #[test]
    fn tokens_cost_their_share_of_the_price_of_a_million() {
        let ledger = Ledger::default();
        ledger.add("openai:a", 3, 400_000, PRICE);
        ledger.add("openai:a", 1, 600_000, PRICE);
        ledger.add("http://host#b", 1, 7, None);
        assert_eq!(ledger.spent().to_string(), "$0.020000");
        let [(_, unpriced), (name, usage)] = &ledger.used()[..] else { panic!("two models were used") };
        assert_eq!((name.as_str(), usage.requests, usage.texts, usage.tokens), ("openai:a", 2, 4, 1_000_000));
        assert_eq!((unpriced.tokens, unpriced.cost), (7, None));
    }

    #[test]
    fn the_limit_is_asked_about_once_and_holds_if_refused() {
        let questions = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&questions);
        let approving = Ledger::with_limit(Dollars(0.01), move |bill| {
            counter.fetch_add(1, Ordering::Relaxed);
            assert_eq!((bill.tokens, bill.next), (1_000_000, Dollars(0.02)));
            Approval::Granted
        });
        assert!(approving.approve("a", 500_000, PRICE).is_ok(), "it costs as much as the limit");
        assert!(approving.approve("a", 1_000_000, PRICE).is_ok());
        assert!(approving.approve("a", 9_000_000, PRICE).is_ok());
        assert_eq!(questions.load(Ordering::Relaxed), 1);
        let refusing = Ledger::with_limit(Dollars(0.01), |_| Approval::Refused);
        refusing.add("a", 1, 400_000, PRICE);
        assert!(refusing.approve("a", 50_000, PRICE).is_ok());
        let error = refusing.approve("a", 200_000, PRICE).expect_err("it costs more than the limit");
        assert_eq!(
            error.to_string(),
            "a: after $0.008000, $0.004000 more would be above the limit of $0.010000"
        );
        assert!(matches!(refusing.approve("a", 1, None), Err(ProviderError::NoPrice { .. })));
        assert!(Ledger::default().approve("a", 1, None).is_ok(), "there is no limit");
    }
}
