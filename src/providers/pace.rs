//! The rate of requests: as fast as the service allows, by what it says of its limits.
//!
//! A limit is a bucket that the service fills steadily and a request empties by one request and by its tokens. The
//! headers of each answer say how large it is, what is left in it, and when it will be full again: so the rate at which
//! it fills is known, and the next request waits until enough is in it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;

use super::waits::{duration, text};

/// A longer wait is not waited here: the request is sent, and the service decides.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Paces the requests of all threads.
#[derive(Debug, Default)]
pub(super) struct Pace {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Requests that were sent and not answered, and their tokens.
    in_flight: (f64, f64),
    /// When the service accepts requests again.
    pause: Option<Instant>,
}

/// A wait ended early, because its outcome is not needed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cancelled;

/// Sleeps for `duration`, or until `is_cancelled`, with an error.
pub(super) fn sleep(duration: Duration, is_cancelled: &AtomicBool) -> Result<(), Cancelled> {
    const STEP: Duration = Duration::from_millis(50);
    let end = Instant::now() + duration;
    loop {
        if is_cancelled.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(STEP));
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    size: f64,
    left: f64,
    /// What flows in, for each second.
    rate: f64,
    at: Instant,
}

impl Bucket {
    /// The bucket that `x-ratelimit-*-{kind}` describes, less `in_flight`, which may not be counted there.
    fn read(headers: &HeaderMap, kind: &str, in_flight: f64, now: Instant) -> Option<Self> {
        let header = |name: &str| text(headers, &format!("x-ratelimit-{name}-{kind}"));
        let number = |name| header(name)?.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let remaining = number("remaining")?.max(0.0);
        let size = number("limit").unwrap_or(remaining).max(remaining).max(1.0);
        let until_full = header("reset").and_then(duration).unwrap_or(Duration::from_secs(60));
        let missing = size - remaining;
        let minutely = size / 60.0;
        let rate = if missing > 0.0 && !until_full.is_zero() {
            missing / until_full.as_secs_f64()
        } else {
            minutely
        };
        Some(Self { size, left: remaining - in_flight, rate, at: now })
    }

    fn fill(&mut self, now: Instant) {
        let flowed = self.rate * now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + flowed).min(self.size);
        self.at = now;
    }

    /// How long it takes until `amount` can be taken; a larger amount than the bucket holds takes all of it.
    fn wait(&self, amount: f64) -> Duration {
        let missing = amount.min(self.size) - self.left;
        if missing <= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(missing / self.rate).unwrap_or(Duration::MAX)
    }
}

impl Pace {
    /// Waits until a request of `tokens` may be sent, which [`Pace::answered`] or [`Pace::failed`] must follow, or until
    /// `is_cancelled`, with an error.
    pub(super) fn wait(&self, tokens: usize, is_cancelled: &AtomicBool) -> Result<(), Cancelled> {
        loop {
            let wait = self.try_take(tokens as f64, Instant::now());
            if wait.is_zero() {
                return Ok(());
            }
            // What other requests learn can make the wait longer or shorter.
            sleep(wait.min(Duration::from_secs(1)), is_cancelled)?;
        }
    }

    /// Takes a request of `tokens`, or returns how long to wait for it.
    fn try_take(&self, tokens: f64, now: Instant) -> Duration {
        let mut state = self.state();
        let State { requests, tokens: token_bucket, pause, .. } = &mut *state;
        let mut wait = pause.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        for (bucket, amount) in [(requests, 1.0), (token_bucket, tokens)] {
            if let Some(bucket) = bucket {
                bucket.fill(now);
                let needed = bucket.wait(amount);
                wait = wait.max(if needed > LONGEST_WAIT { Duration::ZERO } else { needed });
            }
        }
        if wait.is_zero() {
            state.take(1.0, tokens);
        }
        wait
    }

    /// The most tokens that the limit of tokens ever holds, if it is known.
    pub(super) fn most_tokens(&self) -> Option<usize> {
        self.state().tokens.map(|bucket| bucket.size as usize)
    }

    /// The service answered a request of `tokens` with `headers`.
    pub(super) fn answered(&self, tokens: usize, headers: &HeaderMap) {
        self.note(tokens as f64, headers, Instant::now());
    }

    fn note(&self, tokens: f64, headers: &HeaderMap, now: Instant) {
        let mut state = self.state();
        state.end(tokens);
        let (requests, other_tokens) = state.in_flight;
        state.requests = Bucket::read(headers, "requests", requests, now).or(state.requests);
        state.tokens = Bucket::read(headers, "tokens", other_tokens, now).or(state.tokens);
    }

    /// A request of `tokens` was not answered.
    pub(super) fn failed(&self, tokens: usize) {
        self.state().end(tokens as f64);
    }

    /// No request is sent for `wait`.
    pub(super) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.pause = Some(state.pause.map_or(until, |earlier| earlier.max(until)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state complete.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, requests: f64, tokens: f64) {
        for (bucket, amount) in [(&mut self.requests, requests), (&mut self.tokens, tokens)] {
            if let Some(bucket) = bucket {
                bucket.left -= amount;
            }
        }
        self.in_flight.0 += requests;
        self.in_flight.1 += tokens;
    }

    fn end(&mut self, tokens: f64) {
        self.in_flight.0 = (self.in_flight.0 - 1.0).max(0.0);
        self.in_flight.1 = (self.in_flight.1 - tokens).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(requests: [&str; 3], tokens: [&str; 3]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (kind, values) in [("requests", requests), ("tokens", tokens)] {
            for (name, value) in ["limit", "remaining", "reset"].iter().zip(values) {
                let name: ureq::http::HeaderName =
                    format!("x-ratelimit-{name}-{kind}").parse().expect("a name of a header");
                headers.insert(name, value.parse().expect("a value of a header"));
            }
        }
        headers
    }

    #[test]
    fn the_first_requests_do_not_wait() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.try_take(1e9, now), Duration::ZERO);
        assert_eq!(pace.try_take(1e9, now), Duration::ZERO);
    }

    #[test]
    fn a_request_waits_until_the_bucket_has_its_tokens() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.try_take(50.0, now);
        // 600 tokens are missing of 1,000, and flow in within 6 s: 100 a second.
        pace.note(50.0, &headers(["100", "99", "1s"], ["1000", "400", "6s"]), now);
        assert_eq!(pace.try_take(300.0, now), Duration::ZERO);
        assert_eq!(pace.try_take(300.0, now), Duration::from_secs(2), "100 tokens are left");
        assert_eq!(pace.try_take(300.0, now + Duration::from_secs(2)), Duration::ZERO);
        let whole = pace.try_take(5000.0, now + Duration::from_secs(2));
        assert_eq!(whole, Duration::from_secs(10), "more than the bucket holds waits until it is full");
    }

    #[test]
    fn requests_in_flight_count_as_not_yet_counted_by_the_service() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..3 {
            pace.try_take(100.0, now);
        }
        pace.note(100.0, &headers(["10", "2", "8s"], ["1000", "1000", "0s"]), now);
        assert_eq!(pace.try_take(1.0, now), Duration::from_secs(1), "two are in flight, and two are left");
    }

    #[test]
    fn a_pause_holds_for_all_and_a_wait_of_hours_is_left_to_the_service() {
        let pace = Pace::default();
        pace.pause(Duration::from_secs(5));
        let wait = pace.try_take(1.0, Instant::now());
        assert!(wait > Duration::from_secs(4) && wait <= Duration::from_secs(5), "{wait:?}");
        let (pace, now) = (Pace::default(), Instant::now());
        pace.note(0.0, &headers(["100", "0", "23h0m0s"], ["1000", "1000", "0s"]), now);
        assert_eq!(pace.try_take(1.0, now), Duration::ZERO);
    }

    #[test]
    fn a_wait_ends_once_its_outcome_is_not_needed() {
        let pace = Pace::default();
        pace.pause(Duration::from_secs(3600));
        assert_eq!(pace.wait(1, &AtomicBool::new(true)), Err(Cancelled));
        assert_eq!(sleep(Duration::from_millis(1), &AtomicBool::new(false)), Ok(()));
    }

    #[test]
    fn headers_that_make_no_sense_change_nothing() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.note(0.0, &headers(["-1", "NaN", "soon"], ["", "x", "1"]), now);
        assert_eq!(pace.try_take(1e6, now), Duration::ZERO);
        pace.note(1e6, &headers(["-1", "-1", "soon"], ["0", "0", "0s"]), now);
        assert!(pace.try_take(1.0, now) <= Duration::from_secs(60));
    }
}
