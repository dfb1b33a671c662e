//! Where the hub is, where its models are kept, and how long to wait.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Proxies;

/// What a user may set; the library itself reads no environment.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// The folder of the cache, which need not exist.
    pub cache: PathBuf,
    /// Scheme and host of the hub, such as [`HubSettings::ENDPOINT`].
    pub endpoint: String,
    /// What shows the hub who asks.
    pub token: Option<Secret>,
    /// Whether requests may be made.
    pub access: Access,
    /// The proxies that requests go through.
    pub proxies: Proxies,
    /// A PEM file of the authorities that may vouch for a host, instead of Mozilla's, which are built in.
    pub certificates: Option<PathBuf>,
    /// The longest time to wait for a connection.
    pub connect_timeout: Duration,
    /// The longest time to wait for the next bytes of an answer.
    pub read_timeout: Duration,
}

/// Whether requests may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// They may.
    Online,
    /// Only the cache is used.
    Offline,
}

impl HubSettings {
    /// The public hub.
    pub const ENDPOINT: &'static str = "https://huggingface.co";

    /// The time-outs of Python's `huggingface_hub`.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// The public hub without a token, with `cache` as the cache.
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
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a secret of `text`.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for where it has to go.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown_where_settings_are() {
        let mut settings = HubSettings::new(PathBuf::from("cache"));
        settings.token = Some(Secret::new("hf_word".to_owned()));
        settings.proxies.https = Some(Secret::new("http://user:password@proxy:3128".to_owned()));
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hf_word") && !shown.contains("password"), "{shown}");
    }
}
