//! Messages and questions to the user, separate from results.

use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};

/// Writes a line to standard error. Failures to write are ignored: no result depends on the line.
pub(crate) fn say(message: impl Display) {
    let _ = io::stderr().write_all(format!("{message}\n").as_bytes());
}

/// Asks a yes-or-no question; `None` if the user is not at a terminal.
pub(crate) fn confirm(question: &str) -> Option<bool> {
    let (input, error) = (io::stdin(), io::stderr());
    if !input.is_terminal() || !error.is_terminal() {
        return None;
    }
    let _ = error.lock().write_all(format!("{question} [y/N] ").as_bytes());
    let mut answer = String::new();
    input.lock().read_line(&mut answer).ok().map(|_| is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_yes_is_yes() {
        assert!(["y\n", "Y", " yes \r\n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n", "no", "yeah", "all"].into_iter().any(is_yes));
    }
}
