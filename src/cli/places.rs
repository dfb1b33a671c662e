//! Indexes in places that are not folders.

use std::path::Path;
use std::sync::Arc;

use embed::engine::IndexPlace;
use embed::http::Secret;

use crate::cli::usage::UsageError;

/// The place that `name` names; `None` for a folder. `password` is that of an address without one.
#[cfg(feature = "postgres")]
pub(crate) fn place(
    name: &Path,
    password: Option<Secret>,
) -> Result<Option<Arc<dyn IndexPlace>>, UsageError> {
    use embed::postgres::{Address, Credentials, PostgresPlace};
    if !Address::is_meant_by(name) {
        return Ok(None);
    }
    let address = Address::parse(&name.to_string_lossy(), &Credentials { password })?;
    Ok(Some(Arc::new(PostgresPlace::new(address))))
}

/// The place that `name` names; `None` for a folder.
#[cfg(not(feature = "postgres"))]
pub(crate) fn place(
    name: &Path,
    _password: Option<Secret>,
) -> Result<Option<Arc<dyn IndexPlace>>, UsageError> {
    let is_address = name
        .to_str()
        .is_some_and(|name| name.starts_with("postgres://") || name.starts_with("postgresql://"));
    if is_address { Err(UsageError::NoPostgres) } else { Ok(None) }
}
