//! The progress bar: on standard error, on a terminal only.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use embed::engine::{Progress, Step, Totals};
use embed::hub;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::render::counted;

/// A bar over the bytes of the sources, with tokens per second and the remaining time.
pub(crate) struct TerminalProgress {
    bar: ProgressBar,
    /// Totals of the sources before the current one.
    finished: Totals,
    current: Totals,
    meter: Meter,
}

/// What services used so far, if anything.
pub(crate) type Meter = Box<dyn Fn() -> Option<String>>;

impl TerminalProgress {
    /// A spinner until the number of bytes is known; `Hidden` draws nothing.
    pub(crate) fn new(visibility: Visibility, meter: Meter) -> Self {
        let bar = ProgressBar::with_draw_target(None, visibility.target());
        Self { bar, finished: Totals::default(), current: Totals::default(), meter }
    }
}

/// The bar that is drawn, if any.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn drawn() -> MutexGuard<'static, Option<ProgressBar>> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of `ask`, while no bar is drawn over its question.
#[cfg(feature = "providers")]
pub(crate) fn suspended<T>(ask: impl FnOnce() -> T) -> T {
    let bar = drawn().clone();
    match bar {
        Some(bar) => bar.suspend(ask),
        None => ask(),
    }
}

/// Redraws `bar` on another thread, so that its times advance between reports.
fn redraw_steadily(bar: &ProgressBar) {
    *drawn() = Some(bar.clone());
    // The bar panics if it cannot start that thread.
    if !bar.is_hidden() && thread::Builder::new().spawn(|| ()).is_ok_and(|probe| probe.join().is_ok()) {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
}

/// A bar over rows.
pub(crate) struct RowProgress {
    bar: ProgressBar,
}

impl RowProgress {
    /// A bar over `rows`, each of which is one of `things`.
    pub(crate) fn new(rows: u64, things: &'static str, visibility: Visibility) -> Self {
        let bar = ProgressBar::with_draw_target(Some(rows), visibility.target());
        bar.set_style(style("[{bar:30}] {pos}/{len} {msg}, {eta} left"));
        bar.set_message(things);
        redraw_steadily(&bar);
        Self { bar }
    }

    /// `rows` more are done.
    pub(crate) fn advance(&self, rows: u64) {
        self.bar.inc(rows);
    }

    /// `rows` are done in total.
    pub(crate) fn set(&self, rows: u64) {
        self.bar.set_position(rows);
    }
}

impl Drop for RowProgress {
    fn drop(&mut self) {
        *drawn() = None;
        self.bar.finish_and_clear();
    }
}

/// A bar over the bytes of each file that is fetched.
pub(crate) struct DownloadProgress {
    bar: ProgressBar,
}

impl DownloadProgress {
    /// A bar that appears with the first file; `Hidden` draws nothing.
    pub(crate) fn new(visibility: Visibility) -> Self {
        let bar = ProgressBar::with_draw_target(None, visibility.target());
        bar.set_style(style("{prefix} [{bar:30}] {bytes}/{total_bytes}, {eta} left"));
        Self { bar }
    }
}

impl hub::Progress for DownloadProgress {
    fn begin(&mut self, file: &str, from: u64, total: Option<u64>) {
        self.bar.set_prefix(file.to_owned());
        self.bar.reset();
        match total {
            Some(bytes) => self.bar.set_length(bytes),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(from);
        redraw_steadily(&self.bar);
    }

    fn advance(&mut self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

impl Drop for DownloadProgress {
    fn drop(&mut self) {
        *drawn() = None;
        self.bar.finish_and_clear();
    }
}

/// Whether progress is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// Drawn if standard error is a terminal.
    Terminal,
    Hidden,
}

impl Visibility {
    fn target(self) -> ProgressDrawTarget {
        match self {
            Self::Terminal => ProgressDrawTarget::stderr(),
            Self::Hidden => ProgressDrawTarget::hidden(),
        }
    }
}

impl Progress for TerminalProgress {
    fn plan(&mut self, bytes: Option<u64>) {
        self.bar.set_style(style(match bytes {
            Some(_) => "{prefix} [{bar:30}] {bytes}/{total_bytes}",
            None => "{prefix} {spinner} {bytes}, {elapsed}",
        }));
        bytes.map_or_else(|| self.bar.unset_length(), |bytes| self.bar.set_length(bytes));
        self.bar.reset_elapsed();
        redraw_steadily(&self.bar);
    }

    fn begin(&mut self, source: &str) {
        self.finished += std::mem::take(&mut self.current);
        self.bar.set_prefix(source.to_owned());
    }

    fn advance(&mut self, step: Step) {
        self.bar.inc(step.bytes);
        let seconds = self.bar.elapsed().as_secs_f64().max(1e-3);
        self.current = step.totals;
        let rate = (self.finished.tokens + self.current.tokens) as f64 / seconds;
        if self.bar.message().is_empty() {
            // Before anything was read, nothing is known of its speed.
            self.bar.set_style(style(match self.bar.length() {
                Some(_) => "{prefix} [{bar:30}] {bytes}/{total_bytes}, {msg}, {eta} left",
                None => "{prefix} {spinner} {bytes}, {msg}, {elapsed}",
            }));
        }
        let documents = counted(self.finished.documents + self.current.documents, "document");
        let used = (self.meter)().map(|used| format!(", {used}")).unwrap_or_default();
        self.bar.set_message(format!("{documents}, {rate:.0} tokens/s{used}"));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a valid constant").progress_chars("=> ")
}

impl Drop for TerminalProgress {
    fn drop(&mut self) {
        *drawn() = None;
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_counts_documents_once_there_are_any() {
        let mut progress = TerminalProgress::new(Visibility::Hidden, Box::new(|| None));
        progress.plan(Some(1064));
        progress.begin("a.txt");
        assert_eq!(progress.bar.message(), "");
        let totals = Totals { documents: 1, ..Totals::default() };
        progress.advance(Step { bytes: 3, totals });
        assert_eq!(progress.bar.message(), "1 document, 0 tokens/s");
    }
}
