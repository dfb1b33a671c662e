//! From the words of the command line to [`Arguments`]; a wrong word gets one line and a hint.

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::program::Arguments;
use crate::cli::report::ExitStatus;

/// Parses the command line, or prints help, version or what is wrong with it.
pub(crate) fn parse() -> Result<Arguments, ExitStatus> {
    Arguments::try_parse().map_err(|error| explain(&error))
}

fn explain(error: &clap::Error) -> ExitStatus {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that closes its end early has seen enough of the help.
        let _ = error.print();
        return ExitStatus::Success;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{}", error.render());
        return ExitStatus::Failure;
    }
    let text = error.render().to_string();
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    eprintln!("{}", fold(message));
    let tips = rest.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    // How to pass a dash as a value is not what somebody with a wrong flag asks.
    let tip = tips.into_iter().find(|tip| !tip.starts_with("to pass"));
    eprintln!("hint: {}", tip.unwrap_or("try '--help'"));
    ExitStatus::Failure
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
