//! Sends requests, and tries again what can succeed later.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::{Agent, Timeout};

use super::error::{AnswerProblem, ProviderError};
use super::pace::{Cancelled, Pace, sleep};
use super::refusal::{Refusal, Service};
use super::settings::ProviderSettings;
use crate::http::{Timeouts, agent_config, host};

/// Tries of a request before a service has ever answered: a wrong address should be known soon.
const FIRST_TRIES: u32 = 3;

/// Tries of a request to a service that has answered before.
const TRIES: u32 = 8;

/// Tries of a request that has no answer within the time-out.
const SILENT_TRIES: u32 = 2;

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that is not the service's wish.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long one request is tried again, rate limits included.
const PATIENCE: Duration = Duration::from_secs(600);

/// Bytes of the body of an error that are read.
const LONGEST_ERROR: u64 = 64 << 10;

/// A service under one address.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    address: Uri,
    service: Service,
    answer_timeout: Duration,
    by_proxy: bool,
    pace: Pace,
    has_answered: AtomicBool,
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// It has more texts or tokens than the service accepts.
    TooLarge(ProviderError),
    /// Another reason.
    Error(ProviderError),
    /// The answer is not needed any more: another request has failed.
    Cancelled,
}

impl From<Cancelled> for Failure {
    fn from(Cancelled: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// A body to send.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) json: &'a [u8],
    /// Its tokens, counted or estimated.
    pub(super) tokens: usize,
    /// The longest answer, in bytes.
    pub(super) longest_answer: u64,
}

impl Client {
    pub(super) fn new(
        address: Uri,
        service: Service,
        settings: &ProviderSettings,
    ) -> Result<Self, ProviderError> {
        let proxy = settings.proxies.for_address(&address)?;
        let by_proxy = proxy.is_some();
        let timeouts = Timeouts { connect: settings.connect_timeout, answer: settings.answer_timeout };
        let agent = agent_config(settings.certificates.as_deref(), timeouts)?
            .proxy(proxy)
            // An answer that drips.
            .timeout_recv_body(Some(settings.answer_timeout.saturating_mul(10)))
            .max_idle_connections_per_host(settings.concurrency.get())
            .max_idle_connections(settings.concurrency.get())
            .build()
            .into();
        Ok(Self {
            agent,
            service: Service { host: host(&address), ..service },
            address,
            answer_timeout: settings.answer_timeout,
            by_proxy,
            pace: Pace::default(),
            has_answered: AtomicBool::new(false),
        })
    }

    pub(super) const fn address(&self) -> &Uri {
        &self.address
    }

    /// The most tokens that the service's rate limit ever holds, if it says so.
    pub(super) fn most_tokens(&self) -> Option<usize> {
        self.pace.most_tokens()
    }

    /// The answer to `body`, unless the wait for it `is_cancelled`.
    pub(super) fn send(&self, body: Body<'_>, is_cancelled: &AtomicBool) -> Result<Vec<u8>, Failure> {
        let begun = Instant::now();
        let mut failures = 0;
        loop {
            self.pace.wait(body.tokens, is_cancelled)?;
            let (error, after, is_limit) = match self.try_once(body) {
                Ok(answer) => return Ok(answer),
                Err(Refusal::Passing { error, after, is_limit }) => (error, after, is_limit),
                Err(Refusal::TooLarge(error)) => return Err(Failure::TooLarge(error)),
                Err(Refusal::Final(error)) => return Err(Failure::Error(error)),
            };
            failures += 1;
            let pause = after.unwrap_or_else(|| pause_after(failures));
            let is_late = begun.elapsed() + pause > PATIENCE;
            if is_late || !is_limit && failures >= self.tries(&error) {
                return Err(Failure::Error(with_wait(error, pause)));
            }
            if is_limit {
                // This request waits with the others, before its next try.
                self.pace.pause(pause);
            } else {
                sleep(pause, is_cancelled)?;
            }
        }
    }

    /// How often a request is tried that failed with `error`.
    fn tries(&self, error: &ProviderError) -> u32 {
        match error {
            ProviderError::TimedOut { .. } => SILENT_TRIES,
            _ if self.has_answered.load(Ordering::Relaxed) => TRIES,
            _ => FIRST_TRIES,
        }
    }

    fn try_once(&self, body: Body<'_>) -> Result<Vec<u8>, Refusal> {
        let mut request = self.agent.post(&self.address).content_type("application/json");
        if let Some(key) = &self.service.key {
            request = request.header("authorization", format!("Bearer {}", key.expose()));
        }
        let mut answer = match request.send(body.json) {
            Ok(answer) => answer,
            Err(source) => {
                self.pace.failed(body.tokens);
                return Err(self.broken(source));
            }
        };
        // A proxy may answer for a service that is not there.
        if !answer.status().is_server_error() {
            self.has_answered.store(true, Ordering::Relaxed);
        }
        self.pace.answered(body.tokens, answer.headers());
        let is_success = answer.status().is_success();
        let limit = if is_success { body.longest_answer } else { LONGEST_ERROR };
        let read = answer.body_mut().with_config().limit(limit).read_to_vec();
        if !is_success {
            let body_of_error = read.unwrap_or_default();
            return Err(self.service.refusal(answer.status(), answer.headers(), &body_of_error, body.tokens));
        }
        read.map_err(|source| match source {
            ureq::Error::BodyExceedsLimit(_) => Refusal::Final(self.wrong(AnswerProblem::TooLong { limit })),
            source => self.broken(source),
        })
    }

    /// The error for an answer with a problem.
    pub(super) fn wrong(&self, problem: AnswerProblem) -> ProviderError {
        let problem = match problem {
            AnswerProblem::Error { message } => {
                AnswerProblem::Error { message: self.service.quoted(&message) }
            }
            problem => problem,
        };
        ProviderError::Answer { host: self.service.host.clone(), model: self.service.model.clone(), problem }
    }

    /// A connection that failed, which another one may not.
    fn broken(&self, source: ureq::Error) -> Refusal {
        let host = self.service.host.clone();
        let error = match source {
            ureq::Error::Timeout(timeout) if !matches!(timeout, Timeout::Connect | Timeout::Resolve) => {
                ProviderError::TimedOut { host, waited: self.answer_timeout }
            }
            source => ProviderError::Unreachable { host, by_proxy: self.by_proxy, source: Box::new(source) },
        };
        Refusal::Passing { error, after: None, is_limit: false }
    }
}

/// `error` with the wait that was not waited, if it is one of a rate limit.
fn with_wait(error: ProviderError, wait: Duration) -> ProviderError {
    match error {
        ProviderError::RateLimited { host, .. } => ProviderError::RateLimited { host, wait },
        error => error,
    }
}

/// The pause after a number of failures in a row: growing, and between three and five quarters of the nominal pause, so
/// that several requests do not return at the same time.
fn pause_after(failures: u32) -> Duration {
    let nominal = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_PAUSE);
    let random = RandomState::new().hash_one(failures) as f64 / u64::MAX as f64;
    nominal.mul_f64(0.75 + 0.5 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        for (failures, nominal) in [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (1000, 30.0)] {
            let pause = pause_after(failures).as_secs_f64();
            assert!(pause >= 0.75 * nominal && pause <= 1.25 * nominal, "{pause} after {failures}");
        }
    }
}
