//! What every connection has in common.

use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

use super::certificates::tls_config;
use super::error::HttpError;

/// The name that requests give of this program.
const USER_AGENT: &str = concat!("embed/", env!("CARGO_PKG_VERSION"));

/// The time-outs of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// Of an attempt to connect.
    pub(crate) connect: Duration,
    /// Of the beginning of an answer, and of the next bytes of one.
    pub(crate) answer: Duration,
}

/// An agent that follows no redirects, since they can lead to another host, takes an error status for an answer, and has no
/// proxy, which the default would read from the environment.
///
/// # Errors
///
/// [`HttpError::Certificates`].
pub(crate) fn agent_config(
    certificates: Option<&Path>,
    timeouts: Timeouts,
) -> Result<ConfigBuilder<AgentScope>, HttpError> {
    let Timeouts { connect, answer } = timeouts;
    Ok(Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .tls_config(tls_config(certificates)?)
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
        .timeout_recv_response(Some(answer))
        .timeout_per_read(Some(answer))
        .timeout_per_write(Some(answer))
        .user_agent(USER_AGENT))
}
