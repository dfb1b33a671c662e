//! A CONNECT proxy on the loopback interface that resolves one host which no other resolver knows.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The host that only the proxy can reach.
pub(super) const HIDDEN_HUB: &str = "hub.invalid:80";

pub(super) struct Proxy {
    pub(super) address: String,
    targets: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// A proxy that connects [`HIDDEN_HUB`] to `hub`.
    pub(super) fn start(hub: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let (targets, is_over) = (Arc::new(Mutex::default()), Arc::new(AtomicBool::new(false)));
        let (seen, over) = (Arc::clone(&targets), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // A client that disconnects early affects its own connection only.
                let _ = stream.and_then(|stream| forward(&stream, &hub, &seen));
            }
        });
        Self { address, targets, is_over, thread: Some(thread) }
    }

    /// The requested hosts.
    pub(super) fn targets(&self) -> Vec<String> {
        self.targets.lock().expect("no thread panics with it").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(&self.address));
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || thread::panicking(), "the proxy panicked");
        }
    }
}

fn forward(client: &TcpStream, hub: &str, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut lines = BufReader::new(client).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    seen.lock().expect("no thread panics with it").push(target.clone());
    let server = TcpStream::connect(if target == HIDDEN_HUB { hub } else { &target })?;
    server.set_read_timeout(Some(Duration::from_secs(20)))?;
    let (mut to_client, mut to_server) = (client, &server);
    write!(to_client, "HTTP/1.1 200 Connected\r\n\r\n")?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut to_server);
            let _ = server.shutdown(Shutdown::Write);
        });
        io::copy(&mut &server, &mut to_client)?;
        client.shutdown(Shutdown::Both)
    })
}
