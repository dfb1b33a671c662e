//! What a run is about, and how a source can compare with the index.

use std::path::PathBuf;

use crate::corpus::{ReadOptions, WalkOptions};
use crate::index::SourceNames;

/// What the user named, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Files, folders and `-`, as named.
    pub arguments: &'a [PathBuf],
    /// Which files of the folders are meant.
    pub walk: &'a WalkOptions,
    /// How all of them are read.
    pub read: &'a ReadOptions,
    /// How sources are named.
    pub names: &'a SourceNames,
    /// What shows that a source is unchanged.
    pub trust: Trust,
}

/// What shows that a source is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What the index has recorded of it.
    Recorded,
    /// Nothing: every source is read.
    Nothing,
}

/// How a source compares with an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The index does not have it.
    Added,
    /// The index has an older version, or had it read in another way.
    Changed,
}
