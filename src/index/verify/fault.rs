//! Faults, and how they are collected.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::index::error::{Damage, Error};

/// One contradiction in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The damaged file.
    pub path: PathBuf,
    /// The contradiction.
    pub what: Damage,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.what)
    }
}

/// The faults so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, path: &Path, what: Damage) {
        let fault = Fault { path: path.to_path_buf(), what };
        if self.0.last() != Some(&fault) {
            self.0.push(fault);
        }
    }

    /// What a step gave; `None` where it found damage, which is noted.
    pub(super) fn note<T>(&mut self, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(Error::Corrupt { path, what }) => {
                self.add(&path, what);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// All of them, in the order in which they were found.
    pub(super) fn into_list(self) -> Vec<Fault> {
        self.0
    }
}
