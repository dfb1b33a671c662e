//! The threads that compute.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, Sender};
use std::thread;

use rayon::{ThreadBuilder, ThreadPoolBuildError, ThreadPoolBuilder};

/// Starts `count` threads, or as many of them as the system grants; without any, the calling thread computes alone.
///
/// The threads are started before the pool, which gives up when it cannot start one.
pub(crate) fn start(count: usize) -> Result<(), ThreadPoolBuildError> {
    let idle: Vec<Sender<ThreadBuilder>> = (0..count).map_while(|_| start_idle_thread().ok()).collect();
    let pool = ThreadPoolBuilder::new();
    if idle.is_empty() {
        return pool.num_threads(1).use_current_thread().build_global();
    }
    let granted = idle.len();
    let mut idle = idle.into_iter();
    let hand_over = |worker: ThreadBuilder| {
        let thread = idle.next().expect("there is a thread for each worker");
        thread.send(worker).map_err(|_| ErrorKind::BrokenPipe.into())
    };
    pool.num_threads(granted).spawn_handler(hand_over).build_global()
}

/// A thread that waits for a worker to run.
fn start_idle_thread() -> io::Result<Sender<ThreadBuilder>> {
    let (sender, receiver) = mpsc::channel::<ThreadBuilder>();
    thread::Builder::new().spawn(move || {
        if let Ok(worker) = receiver.recv() {
            worker.run();
        }
    })?;
    Ok(sender)
}
