//! Signals that end the program while it writes a file: the temporary file is removed, then the signal has its default
//! action, so that a shell sees which one it was.
//!
//! Until the first such file, and for good where no thread can be started, the default action is all there is. Everything
//! else that a run leaves is complete or is taken up by the next one.

use std::path::Path;

use embed::engine::{OutputError, OutputFile};

/// Begins the file that will be at `path`; a signal that ends the program leaves nothing of it.
pub(crate) fn create_output(path: &Path) -> Result<OutputFile, OutputError> {
    #[cfg(unix)]
    return unix::create_output(path);
    #[cfg(not(unix))]
    return OutputFile::create(path);
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::mpsc::{self, Sender};
    use std::sync::{Mutex, Once, PoisonError};
    use std::thread;

    use embed::engine::{OutputError, OutputFile};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    /// The temporary files of this run; the names of those that were published are not used again.
    static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

    pub(super) fn create_output(path: &Path) -> Result<OutputFile, OutputError> {
        static WATCH: Once = Once::new();
        WATCH.call_once(|| {
            let (ready, is_ready) = mpsc::channel();
            // Handlers without the thread would make the signals do nothing, so the thread installs them.
            if thread::Builder::new().name("signals".to_owned()).spawn(|| watch(ready)).is_ok() {
                let _without_handlers = is_ready.recv();
            }
        });
        // The lock makes a signal wait until a new file is known.
        let mut temporary = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        let output = OutputFile::create(path)?;
        temporary.push(output.temporary_path().to_owned());
        Ok(output)
    }

    fn watch(ready: Sender<()>) {
        let Ok(mut signals) = Signals::new(awaited(ignored_signals())) else { return };
        drop(ready);
        for signal in signals.forever() {
            let temporary = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
            for path in &*temporary {
                let _published = fs::remove_file(path);
            }
            // The lock is held until the process is gone.
            let _is_final = emulate_default_handler(signal);
        }
    }

    /// The signals to catch, given those that the process ignores: they stay ignored. `nohup` ignores SIGHUP, and shells
    /// ignore SIGINT for jobs in the background.
    ///
    /// Where it cannot be told what is ignored, SIGHUP is left as it is.
    fn awaited(ignored: Option<u64>) -> Vec<i32> {
        match ignored {
            Some(ignored) => {
                let is_ignored = |signal: i32| ignored >> (signal - 1) & 1 == 1;
                [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal)).collect()
            }
            None => vec![SIGINT, SIGTERM],
        }
    }

    /// One bit for each ignored signal, from signal 1 up; none where there is no `/proc` of Linux.
    fn ignored_signals() -> Option<u64> {
        parse_ignored(&fs::read_to_string("/proc/self/status").ok()?)
    }

    fn parse_ignored(status: &str) -> Option<u64> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ignored_signals_are_not_awaited() {
            let status = "Name:\tembed\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
            assert_eq!(parse_ignored(status), Some(0x1001));
            assert_eq!(awaited(parse_ignored(status)), [SIGINT, SIGTERM]);
            assert_eq!(awaited(Some(0)), [SIGINT, SIGTERM, SIGHUP]);
            assert_eq!(awaited(Some(0x4003)), [0; 0], "all three are ignored");
            assert_eq!(awaited(None), [SIGINT, SIGTERM]);
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn linux_tells_what_is_ignored() {
            // Rust's runtime ignores SIGPIPE, 13.
            assert_eq!(ignored_signals().map(|ignored| ignored >> 12 & 1), Some(1));
        }
    }
}
