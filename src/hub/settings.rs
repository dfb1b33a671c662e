//! Settings: the hub, its cache, credentials and time-outs.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::{Proxies, Secret};

/// The settings of a hub. The library itself reads no environment variables.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// The folder of the cache; it need not exist.
    pub cache: PathBuf,
    /// Scheme and host of the hub, such as [`HubSettings::ENDPOINT`].
    pub endpoint: String,
    /// The user's access token.
    pub token: Option<Secret>,
    /// Whether requests are allowed.
    pub access: Access,
    /// The proxies of requests.
    pub proxies: Proxies,
    /// A PEM file of trusted authorities, in place of Mozilla's, which are built in.
    pub certificates: Option<PathBuf>,
    /// The time-out of a connection attempt.
    pub connect_timeout: Duration,
    /// The time-out for the next bytes of an answer.
    pub read_timeout: Duration,
    /// The longest file that is fetched, in bytes, whether or not the hub states its length.
    pub longest_file: u64,
}

/// Whether requests are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Requests are allowed.
    Online,
    /// Only the cache is used.
    Offline,
}

impl HubSettings {
    /// The public hub.
    pub const ENDPOINT: &'static str = "https://huggingface.co";

    /// 64 GiB, many times the weights of the largest encoders.
    pub const LONGEST_FILE: u64 = 64 << 30;

    /// The time-outs of Python's `huggingface_hub`.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// The public hub without a token, cached in `cache`.
    #[must_use]
    pub fn new(cache: PathBuf) -> Self {
        Self {
            cache,
            endpoint: Self::ENDPOINT.to_owned(),
            token: None,
            access: Access::Online,
            proxies: Proxies::default(),
            certificates: None,
            connect_timeout: Self::TIMEOUT,
            read_timeout: Self::TIMEOUT,
            longest_file: Self::LONGEST_FILE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_do_not_show_their_secrets() {
        let mut settings = HubSettings::new(PathBuf::from("cache"));
        settings.token = Some(Secret::new("hf_word".to_owned()));
        settings.proxies.https = Some(Secret::new("http://user:password@proxy:3128".to_owned()));
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hf_word") && !shown.contains("password"), "{shown}");
    }
}
