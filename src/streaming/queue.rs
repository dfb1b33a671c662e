//! A queue between two threads that holds a bounded number of bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The receiver is gone, so sent items would be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disconnected;

/// The sending end. Dropping it ends the queue: queued items can still be received.
#[derive(Debug)]
pub(super) struct Sender<T>(Arc<Shared<T>>);

/// The receiving end; items arrive in order.
#[derive(Debug)]
pub(super) struct Receiver<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    limit: u64,
}

#[derive(Debug)]
struct State<T> {
    /// Items and their sizes.
    items: VecDeque<(T, u64)>,
    /// The sum of those sizes.
    bytes: u64,
    connection: Connection,
}

#[derive(Debug, PartialEq, Eq)]
enum Connection {
    Open,
    Closed,
}

/// A queue that holds at most `limit` bytes; a larger item passes through alone.
pub(super) fn queue<T>(limit: u64) -> (Sender<T>, Receiver<T>) {
    let state = State { items: VecDeque::new(), bytes: 0, connection: Connection::Open };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), limit });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    /// Waits for room, then adds `item` of `bytes` bytes.
    pub(super) fn send(&self, item: T, bytes: u64) -> Result<(), Disconnected> {
        let Shared { changed, limit, .. } = &*self.0;
        let is_full = |state: &mut State<T>| {
            state.connection == Connection::Open
                && !state.items.is_empty()
                && state.bytes.saturating_add(bytes) > *limit
        };
        let mut state = changed.wait_while(self.0.lock(), is_full).unwrap_or_else(PoisonError::into_inner);
        if state.connection == Connection::Closed {
            return Err(Disconnected);
        }
        state.items.push_back((item, bytes));
        state.bytes += bytes;
        changed.notify_all();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Waits for the next item; `None` once the queue is empty and its sender is gone.
    pub(super) fn receive(&self) -> Option<T> {
        let is_empty = |state: &mut State<T>| state.connection == Connection::Open && state.items.is_empty();
        let state = self.0.changed.wait_while(self.0.lock(), is_empty);
        self.0.take(&mut state.unwrap_or_else(PoisonError::into_inner))
    }

    /// The next item, if it is available without waiting.
    pub(super) fn receive_now(&self) -> Option<T> {
        self.0.take(&mut self.0.lock())
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, state: &mut State<T>) -> Option<T> {
        let (item, bytes) = state.items.pop_front()?;
        state.bytes -= bytes;
        self.changed.notify_all();
        Some(item)
    }

    fn close(&self) {
        self.lock().connection = Connection::Closed;
        self.changed.notify_all();
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn items_come_in_order_and_a_sender_is_never_further_ahead_than_the_limit() {
        let (sender, receiver) = queue(10);
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        let sending = thread::spawn(move || {
            for item in 0..1000_usize {
                sender.send(item, 3).unwrap();
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        for expected in 0..1000 {
            assert_eq!(receiver.receive(), Some(expected));
            assert!(
                sent.load(Ordering::SeqCst) <= expected + 1 + 3,
                "three items of 3 bytes fit, and no more"
            );
        }
        assert_eq!(receiver.receive(), None);
        sending.join().unwrap();
    }

    #[test]
    fn an_item_beyond_the_limit_goes_through_alone() {
        let (sender, receiver) = queue(10);
        sender.send('a', 99).unwrap();
        assert_eq!(receiver.receive_now(), Some('a'));
        assert_eq!(receiver.receive_now(), None);
    }

    #[test]
    fn what_was_sent_outlives_the_sender_but_not_the_receiver() {
        let (sender, receiver) = queue(10);
        sender.send('a', 1).unwrap();
        drop(sender);
        assert_eq!((receiver.receive(), receiver.receive()), (Some('a'), None));
        let (sender, receiver) = queue(1);
        sender.send('a', 1).unwrap();
        let waiting = thread::spawn(move || sender.send('b', 1));
        drop(receiver);
        assert_eq!(waiting.join().unwrap(), Err(Disconnected));
    }
}
