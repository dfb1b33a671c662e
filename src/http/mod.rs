//! What every client of HTTP shares: proxies, certificates, addresses, and texts that are kept secret.
//!
//! The clients themselves, with their requests and their errors, are in [`hub`](crate::hub) and, with the feature
//! `providers`, in `providers`.

mod address;
mod agent;
mod certificates;
mod error;
mod proxy;
mod secret;

pub(crate) use address::{host, origin};
pub(crate) use agent::{Timeouts, agent_config};
pub use error::HttpError;
pub use proxy::Proxies;
pub use secret::Secret;
