//! The worker threads.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use rayon::{ThreadBuilder, ThreadPoolBuildError, ThreadPoolBuilder};

/// Starts `count` threads, or as many as the system permits; without any, the calling thread computes alone.
///
/// The threads are started before the pool, which fails if it cannot start one.
pub(crate) fn start(count: usize) -> Result<(), ThreadPoolBuildError> {
    start_pool(start_idle_threads(count))
}

/// Like [`start`], but if the system permits all `count` threads, which must be rayon's default, rayon starts them at
/// the first computation: a search opens its index meanwhile.
///
/// The check starts the threads and ends them again. If the system refuses one a moment later, rayon panics; this
/// requires that another process takes the last thread in between.
pub(crate) fn start_when_needed(count: usize) -> Result<(), ThreadPoolBuildError> {
    let idle = start_idle_threads(count);
    if idle.len() < count {
        return start_pool(idle);
    }
    for IdleThread { worker, thread } in idle {
        drop(worker);
        thread.join().expect("a thread without work ends");
    }
    Ok(())
}

/// A thread that waits for a worker to run, and ends if there is none.
struct IdleThread {
    worker: Sender<ThreadBuilder>,
    thread: JoinHandle<()>,
}

fn start_idle_threads(count: usize) -> Vec<IdleThread> {
    (0..count).map_while(|_| start_idle_thread().ok()).collect()
}

fn start_idle_thread() -> io::Result<IdleThread> {
    let (worker, receiver) = mpsc::channel::<ThreadBuilder>();
    let thread = thread::Builder::new().spawn(move || {
        if let Ok(worker) = receiver.recv() {
            worker.run();
        }
    })?;
    Ok(IdleThread { worker, thread })
}

fn start_pool(idle: Vec<IdleThread>) -> Result<(), ThreadPoolBuildError> {
    let pool = ThreadPoolBuilder::new();
    if idle.is_empty() {
        return pool.num_threads(1).use_current_thread().build_global();
    }
    let granted = idle.len();
    let mut idle = idle.into_iter();
    let hand_over = |worker: ThreadBuilder| {
        let thread = idle.next().expect("there is a thread for each worker");
        thread.worker.send(worker).map_err(|_| ErrorKind::BrokenPipe.into())
    };
    pool.num_threads(granted).spawn_handler(hand_over).build_global()
}
