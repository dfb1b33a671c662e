//! What every client of HTTP shares: proxies, certificates, addresses, and texts that are kept secret.
//!
//! The clients themselves, with their requests and their errors, are in [`hub`](crate::hub) and, with the feature
//! `providers`, in `providers`.

mod address;
mod certificates;
mod error;
mod proxy;
mod secret;

pub(crate) use address::{host, origin};
pub(crate) use certificates::tls_config;
pub use error::HttpError;
pub use proxy::Proxies;
pub use secret::Secret;

/// The name that requests give of this program.
pub(crate) const USER_AGENT: &str = concat!("embed/", env!("CARGO_PKG_VERSION"));
