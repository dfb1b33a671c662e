//! Counts of requests, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the classes of durations, in seconds.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What was answered since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    routes: Mutex<BTreeMap<String, Route>>,
    /// Tokens that were encoded.
    tokens: AtomicU64,
    /// Texts that were encoded.
    texts: AtomicU64,
}

#[derive(Debug, Default)]
struct Route {
    /// Answers by status.
    statuses: BTreeMap<u16, u64>,
    /// Answers by class of duration, and beyond the last.
    durations: [u64; BOUNDS.len() + 1],
    seconds: f64,
}

impl Metrics {
    /// Counts an answer; `route` is one of the fixed patterns of paths.
    pub(super) fn count(&self, route: &str, status: u16, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let class = BOUNDS.iter().position(|&bound| seconds <= bound).unwrap_or(BOUNDS.len());
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Route::default());
        }
        let counts = routes.get_mut(route).expect("it was just added");
        *counts.statuses.entry(status).or_default() += 1;
        counts.durations[class] += 1;
        counts.seconds += seconds;
    }

    pub(super) fn count_texts(&self, texts: usize, tokens: usize) {
        self.texts.fetch_add(texts as u64, Ordering::Relaxed);
        self.tokens.fetch_add(tokens as u64, Ordering::Relaxed);
    }

    /// All counts; `running` is the number of requests at this moment.
    pub(super) fn text(&self, running: usize) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).expect("a string takes it");
            text.push('\n');
        };
        line(format_args!("# HELP embed_requests_total Answers by route and status."));
        line(format_args!("# TYPE embed_requests_total counter"));
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        for (route, counts) in &*routes {
            for (status, count) in &counts.statuses {
                line(format_args!("embed_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}"));
            }
        }
        line(format_args!("# HELP embed_request_seconds Time from the head of a request to its answer."));
        line(format_args!("# TYPE embed_request_seconds histogram"));
        for (route, counts) in &*routes {
            let mut below = 0;
            for (bound, count) in BOUNDS.iter().zip(counts.durations) {
                below += count;
                line(format_args!(
                    "embed_request_seconds_bucket{{route=\"{route}\",le=\"{bound}\"}} {below}"
                ));
            }
            let all: u64 = counts.durations.iter().sum();
            line(format_args!("embed_request_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}} {all}"));
            line(format_args!("embed_request_seconds_sum{{route=\"{route}\"}} {}", counts.seconds));
            line(format_args!("embed_request_seconds_count{{route=\"{route}\"}} {all}"));
        }
        let totals = [
            ("embed_texts_total", "counter", "Texts that were encoded.", self.texts.load(Ordering::Relaxed)),
            (
                "embed_tokens_total",
                "counter",
                "Tokens that were encoded.",
                self.tokens.load(Ordering::Relaxed),
            ),
            ("embed_requests_running", "gauge", "Requests that are answered or wait.", running as u64),
        ];
        for (name, kind, help, value) in totals {
            line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_durations_add_up() {
        let metrics = Metrics::default();
        metrics.count("/search", 200, Duration::from_millis(3));
        metrics.count("/search", 200, Duration::from_millis(30));
        metrics.count("/search", 429, Duration::from_secs(60));
        let text = metrics.text(2);
        for line in [
            "embed_requests_total{route=\"/search\",status=\"200\"} 2",
            "embed_requests_total{route=\"/search\",status=\"429\"} 1",
            "embed_request_seconds_bucket{route=\"/search\",le=\"0.0025\"} 0",
            "embed_request_seconds_bucket{route=\"/search\",le=\"0.005\"} 1",
            "embed_request_seconds_bucket{route=\"/search\",le=\"30\"} 2",
            "embed_request_seconds_bucket{route=\"/search\",le=\"+Inf\"} 3",
            "embed_requests_running 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
