//! Opens files for reading; waits a bounded time for the writer of a named pipe.
//!
//! The system opens a pipe for reading once a program has opened it for writing. A pipe that has had a writer, such as
//! that of a process substitution (`<(…)`), opens at once.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Long enough to start the writer in another terminal.
const WRITER_WAIT: Duration = Duration::from_secs(10);

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A pipe that no program opened for writing.
    #[error("no writer within {waited:?}")]
    NoWriter { waited: Duration },
}

/// Opens the file at `path` for reading.
pub(super) fn open(path: &Path) -> Result<File, OpenError> {
    if is_pipe(path)? { open_pipe(path, WRITER_WAIT) } else { Ok(File::open(path)?) }
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::FileTypeExt;

    Ok(path.metadata()?.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_path: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Opens a pipe in a separate thread, since only the system knows when it can be opened.
fn open_pipe(path: &Path, wait: Duration) -> Result<File, OpenError> {
    use std::sync::mpsc::{RecvTimeoutError, channel};

    let (sender, opened) = channel();
    let waiting = path.to_owned();
    std::thread::Builder::new().spawn(move || {
        // Nobody receives the outcome after an error below; the file is then closed.
        let _ = sender.send(File::open(waiting));
    })?;
    match opened.recv_timeout(wait) {
        Ok(file) => Ok(file?),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the pipe could not be opened").into()),
        Err(RecvTimeoutError::Timeout) => {
            // Opening the pipe as a writer ends the wait of the thread. Opening for reading and writing never waits.
            if let Ok(_writer) = File::options().read(true).write(true).open(path) {
                let _ = opened.recv();
            }
            Err(OpenError::NoWriter { waited: wait })
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::thread;

    use super::*;

    #[test]
    fn a_pipe_without_a_writer_is_an_error_and_works_once_there_is_one() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe can be made");
        let waited = Duration::from_millis(20);
        let refused = open_pipe(&path, waited);
        assert!(
            matches!(refused, Err(OpenError::NoWriter { waited: told }) if told == waited),
            "{refused:?}"
        );

        let writer = thread::spawn({
            let path = path.clone();
            move || {
                thread::sleep(Duration::from_millis(50));
                fs::write(path, "late")
            }
        });
        let mut text = String::new();
        open(&path).expect("a writer comes").read_to_string(&mut text).expect("the writer writes text");
        assert_eq!(text, "late");
        writer.join().expect("the writer does not panic").expect("the pipe can be written");
    }
}
