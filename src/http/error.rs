//! Why no request can be made with these settings.

use std::path::PathBuf;

/// Why no request can be made with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// A proxy's address is invalid. It may hold a password, so it is not shown.
    #[error("the address of the proxy is not valid")]
    Proxy,
    /// The certificate file is unusable.
    #[error("{} has no usable certificates: {problem}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
}
