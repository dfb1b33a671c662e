//! Reports on a download while it runs.

/// Receives reports on a download.
pub trait Progress {
    /// The transfer of `file` begins at the byte `from`; `total` is its length, if known.
    fn begin(&mut self, file: &str, from: u64, total: Option<u64>);

    /// `bytes` more of the current file have arrived.
    fn advance(&mut self, bytes: u64);
}

/// Ignores all reports.
impl Progress for () {
    fn begin(&mut self, _file: &str, _from: u64, _total: Option<u64>) {}

    fn advance(&mut self, _bytes: u64) {}
}
