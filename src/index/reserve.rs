//! A little space that is set aside while there is plenty, so that something can be removed once the disk is full.
//!
//! Removing content needs room for the journal of a commit. Whoever finds the disk full gives the reserve up and tries
//! again; a writer sets it aside again when it closes.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::Error;

/// The name of the file.
pub(super) const RESERVE: &str = "reserve";

/// Room for the pages of a commit that hides a source, of an index with a million passages.
const RESERVE_BYTES: usize = 256 << 10;

fn path_in(folder: &Path) -> PathBuf {
    folder.join(RESERVE)
}

/// Sets the reserve aside, if there is room.
pub(super) fn set_aside(folder: &Path) {
    let path = path_in(folder);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(&vec![0; RESERVE_BYTES]));
    if written.is_err() && fs::metadata(&path).is_ok_and(|found| found.len() < RESERVE_BYTES as u64) {
        // A part is of no use, and the space is needed elsewhere.
        let _gone_already = fs::remove_file(path);
    }
}

/// Removes the reserve of the index folder if `error` is a full disk. Returns whether that freed space for a retry.
#[must_use]
pub fn give_up_reserve(folder: &Path, error: &Error) -> bool {
    error.is_full_disk() && fs::remove_file(path_in(folder)).is_ok()
}
