//! Keys, addresses and limits of services.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::ledger::Ledger;
use super::money::Price;
use crate::http::{Proxies, Secret};

/// How services are reached. The library itself reads no environment variables.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// OpenAI.
    pub openai: Account,
    /// Voyage AI.
    pub voyage: Account,
    /// Any other server. It is the only one that receives this key, unless the user names another in the same run.
    pub endpoint: Account,
    /// The proxies of requests.
    pub proxies: Proxies,
    /// A PEM file of trusted authorities, in place of Mozilla's, which are built in.
    pub certificates: Option<PathBuf>,
    /// The most requests at a time.
    pub concurrency: NonZeroUsize,
    /// The time-out of a connection attempt.
    pub connect_timeout: Duration,
    /// The time-out for an answer to begin, and for the next bytes of one.
    pub answer_timeout: Duration,
    /// The price of a million tokens, instead of the documented one.
    pub price: Option<Price>,
    /// Where usage is counted and limited.
    pub ledger: Arc<Ledger>,
}

/// The user's account at a service.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The key.
    pub key: Option<Secret>,
    /// The address up to `/embeddings`, instead of the documented one. It may hold a password until it is checked.
    pub base_url: Option<Secret>,
}

impl ProviderSettings {
    /// Requests at a time: as many as keep a rate limit busy while answers are on their way.
    pub const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

    /// Services answer the largest requests within seconds; a server on a CPU takes longer.
    pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
}

impl Default for ProviderSettings {
    fn default() -> Self {
        Self {
            openai: Account::default(),
            voyage: Account::default(),
            endpoint: Account::default(),
            proxies: Proxies::default(),
            certificates: None,
            concurrency: Self::CONCURRENCY,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Self::ANSWER_TIMEOUT,
            price: None,
            ledger: Arc::default(),
        }
    }
}
