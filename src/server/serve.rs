//! Starts a server and runs it to its end.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio::runtime::{Builder, Runtime};

use super::connections::{Listener, run};
use super::error::ServerError;
use super::mcp::Tools;
use super::router::router;
use super::service::Service;
use super::settings::{Access, Limits, Listen, ServerSettings, Site};

/// Threads that serve connections: they never compute.
const CONNECTION_THREADS: usize = 2;

/// A socket that listens. Connections wait until they are served.
pub struct Bound {
    listener: Listener,
    runtime: Runtime,
    settings: ServerSettings,
}

impl Bound {
    /// Listens as `settings` say.
    ///
    /// # Errors
    ///
    /// A [`ServerError`] if the server cannot listen, or would answer other machines without a key.
    pub fn new(listen: Listen, mut settings: ServerSettings) -> Result<Self, ServerError> {
        settings.access.any_host |= listen.is_local();
        if let (Listen::Tcp(address), None) = (&listen, &settings.access.key)
            && !address.ip().is_loopback()
        {
            return Err(ServerError::NoKey { address: *address });
        }
        let runtime = runtime(&settings.limits)?;
        let listener = runtime.block_on(Listener::bind(listen))?;
        match (listener.public_address(), &settings.access.key) {
            (Some(address), None) => Err(ServerError::NoKey { address }),
            _ => Ok(Self { listener, runtime, settings }),
        }
    }

    /// Serves `site` until a future of `stop` ends, then finishes what runs, unless another one ends. `started` gets the address
    /// once connections are accepted.
    pub fn serve<S: Future<Output = ()>>(self, site: Site, started: impl FnOnce(&str), stop: impl Fn() -> S) {
        let Self { listener, runtime, settings: ServerSettings { access, limits, report } } = self;
        runtime.block_on(async {
            let mut stopped = std::pin::pin!(stop());
            // From now on, signals are awaited.
            let is_stopped = poll_fn(|context| Poll::Ready(stopped.as_mut().poll(context).is_ready())).await;
            started(&listener.to_string());
            if !is_stopped {
                let service = Arc::new(Service::new(site, access, limits, report));
                run(listener, router(service), &limits, stopped, stop()).await;
            }
        });
        runtime.shutdown_background();
    }
}

/// Serves an agent on standard input and output until its input ends.
///
/// # Errors
///
/// A [`ServerError`] if the agent does not speak the protocol.
pub fn serve_agent(site: Site) -> Result<(), ServerError> {
    let limits = Limits::default();
    let runtime = runtime(&limits)?;
    let broken = |error: &dyn std::fmt::Display| ServerError::Protocol { message: error.to_string() };
    let outcome = runtime.block_on(async {
        let service = Arc::new(Service::new(site, Access::default(), limits, Box::new(|_| {})));
        let running =
            Tools::new(service).serve(rmcp::transport::stdio()).await.map_err(|error| match error {
                ServerInitializeError::ConnectionClosed(_) => ServerError::NoAgent,
                error => broken(&error),
            })?;
        running.waiting().await.map_err(|error| broken(&error))
    });
    runtime.shutdown_background();
    outcome.map(drop)
}

/// Ends at the next signal that asks the process to stop: SIGTERM, SIGINT or Ctrl-C. From its first poll on, the signals
/// no longer end the process.
pub async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            let mut interrupted = std::pin::pin!(interrupted);
            return poll_fn(|context| {
                if terminated.poll_recv(context).is_ready() || interrupted.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                Poll::Pending
            })
            .await;
        }
    }
    let _without_signals = interrupted.await;
}

fn runtime(limits: &Limits) -> Result<Runtime, ServerError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(CONNECTION_THREADS)
        .max_blocking_threads(limits.waiting + 1)
        .enable_all()
        .build();
    runtime.map_err(|source: io::Error| ServerError::Start { source })
}
