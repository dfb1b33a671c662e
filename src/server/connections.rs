//! Connections: accepted, bounded in number and time, and ended without cutting off an answer.

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::error::ServerError;
use super::settings::{Limits, Listen};

/// Bytes of the head of a request, and of what is read ahead.
const BUFFER: usize = 64 * 1024;

/// Header lines of a request.
const MOST_HEADERS: usize = 100;

/// The pause after a connection could not be accepted: without descriptors the next one could not be, either.
const PAUSE: Duration = Duration::from_millis(50);

/// A socket that accepts connections.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, Option<SocketFile>),
}

/// The file of a Unix socket, which is removed at the end, unless another program has put its own there.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

#[cfg(unix)]
impl SocketFile {
    fn new(path: PathBuf) -> Self {
        let identity = Self::identity(&path);
        Self { path, identity }
    }

    /// The device and the inode of the file at `path`.
    fn identity(path: &Path) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        std::fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
    }
}

#[cfg(unix)]
impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && Self::identity(&self.path) == self.identity {
            let _already_gone = std::fs::remove_file(&self.path);
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Listener {
    pub(super) async fn bind(listen: Listen) -> Result<Self, ServerError> {
        match listen {
            Listen::Tcp(address) => {
                let listener = TcpListener::bind(address).await;
                Ok(Self::Tcp(listener.map_err(|source| ServerError::Address { address, source })?))
            }
            Listen::Inherited(listener) => {
                let tokio = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
                Ok(Self::Tcp(tokio.map_err(|source| ServerError::Inherited { source })?))
            }
            #[cfg(unix)]
            Listen::InheritedUnix(listener) => {
                let tokio = listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener));
                Ok(Self::Unix(tokio.map_err(|source| ServerError::Inherited { source })?, None))
            }
            #[cfg(unix)]
            Listen::Unix(path) => {
                remove_abandoned(&path).await;
                match UnixListener::bind(&path) {
                    Ok(listener) => Ok(Self::Unix(listener, Some(SocketFile::new(path)))),
                    Err(source) => Err(ServerError::Socket { path, source }),
                }
            }
        }
    }

    /// The address, where other machines can connect to it.
    pub(super) fn public_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().filter(|address| !address.ip().is_loopback()),
            #[cfg(unix)]
            Self::Unix(..) => None,
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer is written at once; waiting to fill a packet only delays it.
                let _already_closed = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(formatter, "http://{address}"),
                Err(_) => write!(formatter, "an unknown address"),
            },
            #[cfg(unix)]
            Self::Unix(_, Some(file)) => write!(formatter, "{}", file.path.display()),
            #[cfg(unix)]
            Self::Unix(_, None) => write!(formatter, "the socket of the parent process"),
        }
    }
}

/// Removes the socket of a server that is gone: a connection to a socket is refused only where nobody listens.
#[cfg(unix)]
async fn remove_abandoned(path: &Path) {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let outcome = UnixStream::connect(path).await;
    if is_socket && outcome.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        let _still_there = std::fs::remove_file(path);
    }
}

/// Descriptors for everything but connections: the files of indexes and of models.
#[cfg(unix)]
const OTHER_DESCRIPTORS: u64 = 256;

/// As many of `connections` as this process can have descriptors for, after raising its own limit.
fn connections_with_descriptors(connections: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let needed = connections as u64 + OTHER_DESCRIPTORS;
        let Some(mut usable) = current.filter(|&current| current < needed) else { return connections };
        let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            usable = raised;
        }
        usize::try_from(usable.saturating_sub(OTHER_DESCRIPTORS).max(1))
            .map_or(connections, |most| most.min(connections))
    }
    #[cfg(not(unix))]
    connections
}

/// Answers connections until `stop`, then lets running requests end within [`Limits::grace`], or until `stop_now`.
pub(super) async fn run(
    listener: Listener,
    router: Router,
    limits: &Limits,
    mut stop: impl Future<Output = ()> + Unpin,
    stop_now: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(connections_with_descriptors(limits.connections)));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
            (listener.accept().await, place)
        };
        let Some((accepted, place)) = unless(accepted, &mut stop).await else { break };
        let Ok(stream) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.transfer));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(BUFFER)
            .max_headers(MOST_HEADERS)
            .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is no concern of others.
            let _ended = connection.await;
            drop(place);
        });
    }
    drop(listener);
    let stop_now = std::pin::pin!(stop_now);
    let finished = unless(graceful.shutdown(), stop_now);
    let _cut_off = timeout(limits.grace, finished).await;
}

/// The output of `work`, or nothing if `stop` is first.
async fn unless<T>(work: impl Future<Output = T>, mut stop: impl Future<Output = ()> + Unpin) -> Option<T> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        use std::task::Poll;
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        std::pin::Pin::new(&mut stop).poll(context).map(|()| None)
    })
    .await
}
