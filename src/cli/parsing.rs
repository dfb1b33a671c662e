//! Parses the command line into [`Arguments`]; an error is one line and a hint.

use std::env;
use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::program::Arguments;
use crate::cli::report::{ExitStatus, report};
use crate::cli::terminal::say;

/// Parses the command line, or prints the help, the version or an error.
pub(crate) fn parse() -> Result<Arguments, ExitStatus> {
    let words: Vec<OsString> = env::args_os().collect();
    Arguments::try_parse_from(&words).map_err(|error| explain(&error, &words))
}

fn explain(error: &clap::Error, words: &[OsString]) -> ExitStatus {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match error.print() {
            Ok(()) => ExitStatus::Success,
            Err(error) => report(&error.into()),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            say(error.render().to_string().trim_end());
            ExitStatus::Failure
        }
        _ => {
            let text = error.render().to_string();
            let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
            say(fold(message));
            say(format!("hint: {}", hint(rest, words)));
            ExitStatus::Failure
        }
    }
}

/// The hint for an error, from the text that clap prints below its message.
fn hint(rest: &str, words: &[OsString]) -> String {
    if let Some(text) = dashed_text(words) {
        return format!(
            "put '--' before words that begin with '-', and options before '--': embed search -- \"{text}\""
        );
    }
    let mut tips = rest.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    let is_dash_tip = |tip: &str| tip.starts_with("to pass");
    match tips.find(|tip| !is_dash_tip(tip)) {
        Some(tip) => tip.to_owned(),
        None if rest.lines().any(|line| line.contains("tip: to pass")) => {
            "try '--help'; words that begin with '-' go after '--', options before it".to_owned()
        }
        None => "try '--help'".to_owned(),
    }
}

/// The first word that begins with a dash and is probably a text, not a flag.
fn dashed_text(words: &[OsString]) -> Option<&str> {
    let flags = words.iter().skip(1).map_while(|word| word.to_str().filter(|word| *word != "--"));
    let mut texts = flags.filter(|word| {
        let begins_with_flag = word.starts_with("--") && word.contains('=');
        word.starts_with('-') && word.contains(char::is_whitespace) && !begins_with_flag
    });
    texts.next()
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_begins_with_a_dash_is_told_from_a_flag() {
        let dashed = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(Into::into).collect();
            dashed_text(&words).map(str::to_owned)
        };
        assert_eq!(dashed(&["embed", "search", "-v flag"]), Some("-v flag".to_owned()));
        assert_eq!(dashed(&["embed", "search", "--why so"]), Some("--why so".to_owned()));
        assert_eq!(dashed(&["embed", "search", "a b", "--jsn"]), None);
        assert_eq!(dashed(&["embed", "search", "a", "--plus=a b", "--", "-v flag"]), None);
    }
}
