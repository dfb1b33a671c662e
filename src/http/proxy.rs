//! Selects the proxy of a request.

use ureq::Proxy;
use ureq::http::Uri;

use super::error::HttpError;
use super::secret::Secret;

/// The proxies of requests. A proxy is a URL such as `http://user:password@host:3128` or `socks5://host`.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For `http://` addresses, also by CONNECT.
    pub http: Option<Secret>,
    /// For `https://` addresses.
    pub https: Option<Secret>,
    /// Hosts that are requested directly, each with its subdomains; `*` stands for all.
    pub except: Vec<String>,
}

impl Proxies {
    /// The proxy for a request to `address`.
    pub(crate) fn for_address(&self, address: &Uri) -> Result<Option<Proxy>, HttpError> {
        let proxy = if address.scheme_str() == Some("https") { &self.https } else { &self.http };
        match (proxy, address.host()) {
            (Some(proxy), Some(host)) if !self.excepts(host) => {
                Proxy::new(proxy.expose()).map(Some).map_err(|_| HttpError::Proxy)
            }
            _ => Ok(None),
        }
    }

    fn excepts(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        self.except.iter().any(|entry| {
            let entry = entry.trim().to_ascii_lowercase();
            let domain = entry.trim_start_matches('*').trim_start_matches('.').trim_matches(['[', ']']);
            entry == "*"
                || !domain.is_empty()
                    && host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_through_a_proxy(except: &str, address: &str) -> bool {
        let proxies = Proxies {
            http: None,
            https: Some(Secret::new("http://proxy:3128".to_owned())),
            except: except.split(',').map(str::to_owned).collect(),
        };
        let address = address.parse().expect("an address");
        proxies.for_address(&address).expect("the proxy is a URL").is_some()
    }

    #[test]
    fn excepted_hosts_and_their_subdomains_are_requested_directly() {
        assert!(goes_through_a_proxy("", "https://hub.example/x"));
        assert!(goes_through_a_proxy("other.example, ample", "https://hub.example/x"));
        for except in ["*", "hub.example", "example", ".example", "*.example", "a.b, HUB.example"] {
            assert!(!goes_through_a_proxy(except, "https://hub.example/x"), "{except}");
        }
        assert!(!goes_through_a_proxy("::1", "https://[::1]:80/x"));
        assert!(!goes_through_a_proxy("", "http://hub.example/x"), "no proxy is set for http");
    }

    #[test]
    fn an_invalid_proxy_is_an_error_that_does_not_show_it() {
        let proxies =
            Proxies { http: Some(Secret::new("ftp://user:word@".to_owned())), ..Proxies::default() };
        let error = proxies
            .for_address(&Uri::from_static("http://hub.example"))
            .expect_err("the scheme is not one of a proxy");
        assert!(matches!(error, HttpError::Proxy));
    }
}
