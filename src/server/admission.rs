//! How many requests are answered at a time, and how much memory they take.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use super::settings::Limits;

/// The unit in which memory is counted.
const UNIT: usize = 1024;

/// Counts requests and their memory.
#[derive(Debug)]
pub(super) struct Admission {
    requests: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    most_requests: usize,
    most_units: usize,
}

/// Memory that a request holds, until this is dropped.
#[derive(Debug, Default)]
pub(super) struct Held {
    permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        let units = (limits.memory / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            requests: Arc::new(Semaphore::new(limits.waiting)),
            memory: Arc::new(Semaphore::new(units)),
            most_requests: limits.waiting,
            most_units: units,
        }
    }

    /// Admits one more request, which holds the permit until it is answered.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.requests).try_acquire_owned().map_err(|_| Problem::busy())
    }

    /// The number of admitted requests.
    pub(super) fn admitted(&self) -> usize {
        self.most_requests - self.requests.available_permits()
    }

    /// Adds `bytes` to what `held` counts.
    pub(super) fn hold(&self, held: &mut Held, bytes: usize) -> Result<(), Problem> {
        let units = bytes.div_ceil(UNIT);
        if units > self.most_units {
            return Err(Problem::too_much("the request takes more memory than all requests may"));
        }
        let units = u32::try_from(units).map_err(|_| Problem::busy())?;
        let permit = Arc::clone(&self.memory).try_acquire_many_owned(units).map_err(|_| Problem::busy())?;
        match &mut held.permit {
            Some(all) => all.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_memory_are_returned_when_they_are_dropped() {
        let admission = Admission::new(&Limits { waiting: 1, memory: 4096, ..Limits::default() });
        let first = admission.enter().expect("there is room for one");
        assert!(admission.enter().is_err());
        assert_eq!(admission.admitted(), 1);
        drop(first);
        assert!(admission.enter().is_ok());
        let mut held = Held::default();
        admission.hold(&mut held, 1).expect("a unit of four");
        admission.hold(&mut held, 3000).expect("three more");
        assert!(admission.hold(&mut Held::default(), 1).is_err());
        drop(held);
        assert!(admission.hold(&mut Held::default(), 4096).is_ok());
    }
}
