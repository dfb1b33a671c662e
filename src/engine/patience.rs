//! Waiting for another writer of the index.

use std::thread;
use std::time::{Duration, Instant};

use super::EngineError;
use crate::index;
use crate::indexing::IndexingError;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// How long another writer is waited for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Patience(Duration);

impl Patience {
    pub(super) const fn new(longest: Duration) -> Self {
        Self(longest)
    }

    /// Attempts something until no other writer is in the way, or patience is at an end.
    ///
    /// An index that another run created after `attempt` looked for one is attempted again at once.
    ///
    /// # Errors
    ///
    /// That of the last attempt.
    pub(super) fn retry<T>(
        self,
        mut attempt: impl FnMut() -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let begin = Instant::now();
        let mut was_created = false;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match index_error(&error) {
                Some(index::Error::AlreadyExists { .. }) if !was_created => was_created = true,
                Some(index::Error::Locked { .. }) if begin.elapsed() < self.0 => {
                    thread::sleep(PAUSE.min(self.0.saturating_sub(begin.elapsed())));
                }
                _ => return Err(error),
            }
        }
    }
}

/// The error of the index that `error` is, if it is one.
fn index_error(error: &EngineError) -> Option<&index::Error> {
    match error {
        EngineError::Index(error) | EngineError::Indexing(IndexingError::Index(error)) => Some(error),
        _ => None,
    }
}
