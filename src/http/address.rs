//! Parts of addresses.

use ureq::http::Uri;

/// The host of `address`, with its port if the address names one.
pub(crate) fn host(address: &Uri) -> String {
    let host = address.host().unwrap_or_default();
    address.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The scheme, the host and the port of `address`: what decides who receives a secret.
pub(crate) fn origin(address: &Uri) -> (Option<&str>, Option<String>, u16) {
    let default = if address.scheme_str() == Some("https") { 443 } else { 80 };
    let port = address.port_u16().unwrap_or(default);
    (address.scheme_str(), address.host().map(str::to_ascii_lowercase), port)
}
