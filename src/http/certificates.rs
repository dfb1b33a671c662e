//! The authorities that sign the certificates of servers.

use std::fs;
use std::path::Path;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::error::HttpError;

/// Trusts the authorities in the PEM file at `path`, else the built-in ones.
pub(super) fn tls_config(path: Option<&Path>) -> Result<TlsConfig, HttpError> {
    let Some(path) = path else { return Ok(TlsConfig::default()) };
    let refused = |problem| HttpError::Certificates { path: path.to_owned(), problem };
    let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| refused(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(refused("not a PEM file".to_owned()));
    }
    Ok(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build())
}
