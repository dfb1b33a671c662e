//! One queue of pieces, and the thread that encodes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use super::PIECE_TOKENS;
use crate::engine::{EmbedError, Embedder, TokenEmbedder, UnitVectors};

/// How a lane's threads are scheduled beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// As all threads.
    Usual,
    /// Behind all threads of usual priority.
    Low,
}

/// Why a piece has no vectors.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
    /// The encoder panicked.
    #[error("the encoder failed unexpectedly")]
    Panicked,
    /// A lane has no thread of its own.
    #[error("no thread can be started")]
    NoThread(#[from] std::io::Error),
    /// A lane has no threads to encode on.
    #[error(transparent)]
    NoThreads(#[from] ThreadPoolBuildError),
    /// The request is no longer wanted, or the server is stopping.
    #[error("the request is no longer wanted")]
    Dropped,
}

type Encoded = Result<UnitVectors, EmbedError>;

/// Texts that are waiting: token ids, special tokens included.
struct Job {
    texts: Vec<Vec<u32>>,
    tokens: usize,
    cancelled: Option<Arc<AtomicBool>>,
    reply: Sender<Encoded>,
}

impl Job {
    fn is_wanted(&self) -> bool {
        self.cancelled.as_ref().is_none_or(|cancelled| !cancelled.load(Ordering::Relaxed))
    }
}

thread_local! {
    /// Whether the request that this thread answers is no longer wanted.
    static CANCELLED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Runs `work`, whose texts are not encoded once `cancelled` is set.
pub(in crate::server) fn until_cancelled<T>(cancelled: &Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    CANCELLED.set(Some(Arc::clone(cancelled)));
    let _reset = Reset;
    work()
}

/// Forgets the request of this thread when it is dropped, even by a panic.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        CANCELLED.set(None);
    }
}

/// A queue of pieces; dropping it ends its worker.
#[derive(Debug)]
pub(super) struct Lane {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Queue of {}", self.jobs.len())
    }
}

impl Lane {
    /// Starts the worker of a lane for `embedder`, which tokenizes.
    pub(super) fn start(embedder: Arc<dyn Embedder>, priority: Priority) -> Result<Self, LaneError> {
        let pool = pool(priority)?;
        let shared = Arc::new(Shared::default());
        let worker = Arc::clone(&shared);
        thread::Builder::new().spawn(move || worker.work(&*embedder, &pool))?;
        Ok(Self { shared })
    }

    /// The vectors of `texts`, once their turn has come.
    pub(super) fn encode(&self, texts: &[&[u32]]) -> Encoded {
        let (reply, answer) = mpsc::channel();
        let texts: Vec<Vec<u32>> = texts.iter().map(|ids| ids.to_vec()).collect();
        let tokens = texts.iter().map(Vec::len).sum();
        let cancelled = CANCELLED.with_borrow(Option::clone);
        self.shared.lock().jobs.push_back(Job { texts, tokens, cancelled, reply });
        self.shared.changed.notify_one();
        answer.recv().unwrap_or_else(|_| Err(EmbedError::new(LaneError::Dropped)))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, embedder: &dyn Embedder, pool: &ThreadPool) {
        let tokens = embedder.token_embedder().expect("only a model that tokenizes has lanes");
        while let Some(jobs) = self.next_jobs() {
            answer_all(jobs, tokens, pool);
        }
    }

    /// The next jobs, as many as make a piece; `None` once the lane is closed and empty.
    fn next_jobs(&self) -> Option<Vec<Job>> {
        let mut queue = self.lock();
        loop {
            queue.jobs.retain(Job::is_wanted);
            if let Some(first) = queue.jobs.pop_front() {
                let mut room = PIECE_TOKENS.saturating_sub(first.tokens);
                let mut jobs = vec![first];
                while queue.jobs.front().is_some_and(|job| job.tokens <= room) {
                    let job = queue.jobs.pop_front().expect("it was just seen");
                    room -= job.tokens;
                    jobs.push(job);
                }
                return Some(jobs);
            }
            if queue.is_closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Encodes jobs together. If that fails, each on its own, so that an error reaches only the job that caused it.
fn answer_all(jobs: Vec<Job>, embedder: &dyn TokenEmbedder, pool: &ThreadPool) {
    let texts: Vec<&[u32]> = jobs.iter().flat_map(|job| &job.texts).map(Vec::as_slice).collect();
    match encode(&texts, embedder, pool) {
        Ok(vectors) => {
            let mut rows = vectors.rows();
            for job in &jobs {
                let mut part = UnitVectors::new(vectors.dimension());
                rows.by_ref().take(job.texts.len()).for_each(|row| part.push_unit(row));
                let _no_longer_wanted = job.reply.send(Ok(part));
            }
        }
        Err(error) if jobs.len() == 1 => {
            let _no_longer_wanted = jobs[0].reply.send(Err(error));
        }
        Err(_) => jobs.into_iter().for_each(|job| answer_all(vec![job], embedder, pool)),
    }
}

fn encode(texts: &[&[u32]], embedder: &dyn TokenEmbedder, pool: &ThreadPool) -> Encoded {
    let encode = || pool.install(|| embedder.embed_tokens(texts));
    catch_unwind(AssertUnwindSafe(encode)).unwrap_or_else(|_| Err(EmbedError::new(LaneError::Panicked)))
}

pub(super) fn pool(priority: Priority) -> Result<ThreadPool, ThreadPoolBuildError> {
    let builder = ThreadPoolBuilder::new().num_threads(rayon::current_num_threads());
    match priority {
        Priority::Usual => builder.build(),
        Priority::Low => builder.start_handler(|_| yield_to_others()).build(),
    }
}

/// Lowers the priority of this thread. Where that is impossible, it keeps its priority.
fn yield_to_others() {
    // On Linux a thread has a priority of its own, under its id; elsewhere this would change the whole process.
    #[cfg(target_os = "linux")]
    {
        const NICENESS: i32 = 19;
        let _unchanged = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS);
    }
}
