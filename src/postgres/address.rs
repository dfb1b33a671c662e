//! The address of an index: `postgres://USER@HOST:PORT/DATABASE?schema=NAME`.

use std::path::{Path, PathBuf};

use postgres::Config;
use postgres::config::Host;

use crate::http::Secret;

/// The schema of an index whose address names none.
const USUAL_SCHEMA: &str = "embed";

/// What begins an address.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// The address of an index.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) schema: String,
    /// The folder that relative names of sources start from.
    root: Option<PathBuf>,
    /// The address without the password.
    name: PathBuf,
}

/// What an address may leave out.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The password.
    pub password: Option<Secret>,
}

/// Why a text is no address of an index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text is not an address of Postgres.
    #[error("this is not an address such as postgres://USER@HOST/DATABASE?schema=NAME")]
    Invalid(#[source] postgres::Error),
    /// A schema has no name, or one that is too long for the server.
    #[error("the name of a schema has 1 to 63 bytes")]
    Schema,
}

impl Address {
    /// Whether `name` is meant as an address.
    #[must_use]
    pub fn is_meant_by(name: &Path) -> bool {
        name.to_str().is_some_and(|name| SCHEMES.iter().any(|scheme| name.starts_with(scheme)))
    }

    /// Reads an address. What it leaves out is taken from `credentials`.
    ///
    /// # Errors
    ///
    /// An [`AddressError`], which does not repeat the text: it can hold a password.
    pub fn parse(text: &str, credentials: &Credentials) -> Result<Self, AddressError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut schema, mut root) = (USUAL_SCHEMA.to_owned(), None);
        let mut others = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "schema" => schema = value.into_owned(),
                "root" => root = Some(PathBuf::from(value.into_owned())),
                _ => drop(others.append_pair(&name, &value)),
            }
        }
        // The longest name of Postgres; a longer one is cut without an error.
        if schema.is_empty() || schema.len() > 63 || schema.contains('\0') {
            return Err(AddressError::Schema);
        }
        let others = others.finish().replace('+', "%20");
        let mut config: Config = format!("{base}?{others}").parse().map_err(AddressError::Invalid)?;
        config.application_name("embed");
        if let (None, Some(password)) = (config.get_password(), &credentials.password) {
            config.password(password.expose());
        }
        let name = shown(&config, &schema);
        Ok(Self { config, schema, root, name })
    }

    /// The address without the password.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The folder that relative names of sources start from: the one that the address names, or the working directory.
    pub(super) fn root<'a>(&'a self, working_directory: &'a Path) -> &'a Path {
        self.root.as_deref().unwrap_or(working_directory)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.name.display())
    }
}

fn shown(config: &Config, schema: &str) -> PathBuf {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let port = config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    let database = config.get_dbname().unwrap_or_default();
    PathBuf::from(format!("postgres://{user}{hosts}{port}/{database}?schema={schema}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text, &Credentials::default()).expect("it is an address")
    }

    #[test]
    fn the_name_of_an_address_has_no_password() {
        let address =
            parse("postgres://ann:s3cret@db.example:5433/notes?schema=docs&connect_timeout=5&root=/srv");
        assert_eq!(address.name(), Path::new("postgres://ann@db.example:5433/notes?schema=docs"));
        assert_eq!(format!("{address:?}"), "postgres://ann@db.example:5433/notes?schema=docs");
        assert_eq!(address.config.get_password(), Some(&b"s3cret"[..]));
        assert_eq!(address.root(Path::new("/home")), Path::new("/srv"));
        assert_eq!(parse("postgresql://localhost/notes").schema, "embed");
    }

    #[test]
    fn an_address_takes_the_password_that_it_lacks() {
        let credentials = Credentials { password: Some(Secret::new("p".to_owned())) };
        let password = |text: &str| {
            let address = Address::parse(text, &credentials).expect("it is an address");
            address.config.get_password().map(<[u8]>::to_vec)
        };
        assert_eq!(password("postgres://ann@localhost/notes"), Some(b"p".to_vec()));
        assert_eq!(password("postgres://ann:own@localhost/notes"), Some(b"own".to_vec()));
    }

    #[test]
    fn a_refusal_repeats_no_password() {
        for text in ["postgres://ann:s3cret@host:port/db", "postgres://ann:s3cret@host/db?nosuch=1"] {
            let error = Address::parse(text, &Credentials::default()).expect_err("it is no address");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
        let long = format!("postgres://localhost/db?schema={}", "x".repeat(64));
        assert!(Address::parse(&long, &Credentials::default()).is_err());
    }
}
