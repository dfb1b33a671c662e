//! The scope of a run, and how a source compares with the index.

use std::path::PathBuf;

use crate::corpus::{ReadOptions, WalkOptions};
use crate::index::SourceNames;

/// The files and folders that the user named, and how they are read.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Files, folders and `-`, as named.
    pub arguments: &'a [PathBuf],
    /// Which files of the folders are included.
    pub walk: &'a WalkOptions,
    /// How all of them are read.
    pub read: &'a ReadOptions,
    /// How sources are named.
    pub names: &'a SourceNames,
    /// The evidence that a source is unchanged.
    pub trust: Trust,
}

/// The evidence that a source is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The index's record of the source.
    Recorded,
    /// None: every source is read.
    Nothing,
}

/// How a source compares with an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The index does not have it.
    Added,
    /// The index has an older version, or one that was read with other settings.
    Changed,
}
