//! Parsers of single values.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use embed::engine::Dimension;

/// The most threads that can be requested.
pub(crate) const MAX_THREADS: usize = 1024;

pub(crate) fn thread_count(text: &str) -> Result<NonZeroUsize, String> {
    match at_least_one(text)? {
        count if count.get() <= MAX_THREADS => Ok(count),
        _ => Err(format!("it must be at most {MAX_THREADS}")),
    }
}

/// Parses a count that cannot be 0.
pub(crate) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<usize>() {
        Ok(count) => NonZeroUsize::new(count).ok_or_else(|| "it must be at least 1".to_owned()),
        Err(_) => Err("it must be a whole number of at least 1".to_owned()),
    }
}

/// Parses the number of components of a vector.
pub(crate) fn dimension(text: &str) -> Result<Dimension, String> {
    let number = text.parse().ok();
    number.and_then(Dimension::new).ok_or_else(|| "it must be a whole number from 1 to 65536".to_owned())
}

/// Parses a confidence.
pub(crate) fn confidence(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(confidence) if (0.0..=1.0).contains(&confidence) => Ok(confidence),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

/// Parses a weight.
pub(crate) fn weight(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(weight) if weight.is_finite() => Ok(weight),
        _ => Err("it must be a number, such as 0.01".to_owned()),
    }
}

/// A time, as it is typed: in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_secs_f64().fmt(formatter)
    }
}

/// Parses a time in seconds, which may be 0.
pub(crate) fn seconds(text: &str) -> Result<Seconds, String> {
    let seconds = text.parse().ok();
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.map(Seconds).ok_or_else(|| "it must be a number of seconds, such as 2.5".to_owned())
}

/// Parses a time in seconds above 0.
pub(crate) fn some_seconds(text: &str) -> Result<Seconds, String> {
    let time = seconds(text).ok().filter(|time| !time.0.is_zero());
    time.ok_or_else(|| "it must be a number of seconds above 0, such as 2.5".to_owned())
}

/// The most requests at a time that can be requested.
#[cfg(feature = "providers")]
const MAX_REQUESTS: usize = 256;

/// Parses a number of requests.
#[cfg(feature = "providers")]
pub(crate) fn request_count(text: &str) -> Result<NonZeroUsize, String> {
    match at_least_one(text)? {
        count if count.get() <= MAX_REQUESTS => Ok(count),
        _ => Err(format!("it must be at most {MAX_REQUESTS}")),
    }
}

/// Parses an amount of money.
#[cfg(feature = "providers")]
pub(crate) fn dollars(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(dollars) if dollars.is_finite() && dollars >= 0.0 => Ok(dollars),
        _ => Err("it must be a number of dollars, such as 0.50".to_owned()),
    }
}

/// Parses a whole number.
pub(crate) fn whole_number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "it must be a whole number, such as 3".to_owned())
}

/// Parses a score.
pub(crate) fn score(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(score) if score.is_finite() => Ok(score),
        _ => Err("it must be a number, such as 0.5".to_owned()),
    }
}
