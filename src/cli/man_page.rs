//! The help of a command as a manual page.
//!
//! The page is written in the macros of man(7), which every `man` renders.

use std::fmt::Write;

use clap::{Arg, Command};

/// The page of `command`, which is called `name` (`embed-search`) and was built.
pub(crate) fn render(name: &str, command: &Command) -> String {
    let title = name.to_uppercase();
    let mut page =
        format!(".TH {} 1 \"\" \"embed {}\"\n.nh\n.ad l\n", escape(&title), env!("CARGO_PKG_VERSION"));
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    section(&mut page, "NAME", &format!("{} \\- {}\n", escape(name), escape(&about)));
    section(&mut page, "SYNOPSIS", &synopsis(command));
    section(&mut page, "COMMANDS", &commands(command));
    section(&mut page, "ARGUMENTS", &list(command.get_positionals()));
    for heading in headings(command) {
        let under = |argument: &&Arg| {
            !argument.is_positional() && !argument.is_hide_set() && argument.get_help_heading() == heading
        };
        let title = heading.unwrap_or("Options").to_uppercase();
        section(&mut page, &title, &list(command.get_arguments().filter(under)));
    }
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    section(&mut page, "NOTES", &paragraphs(&notes));
    page
}

fn section(page: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        write!(page, ".SH {title}\n{body}").expect("writing to a string does not fail");
    }
}

fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let lines: Vec<&str> = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect();
    verbatim(&lines.join("\n"))
}

fn commands(command: &Command) -> String {
    let item = |under: &Command| {
        let about = under.get_about().map(ToString::to_string).unwrap_or_default();
        format!(".TP\n\\fBembed\\-{}\\fR(1)\n{}\n", escape(under.get_name()), escape(&about))
    };
    command.get_subcommands().map(item).collect()
}

/// The headings of options in the order in which the help shows them; `None` is the one without a name.
fn headings(command: &Command) -> Vec<Option<&str>> {
    let mut found = vec![None];
    for heading in command.get_arguments().map(Arg::get_help_heading) {
        if !found.contains(&heading) {
            found.push(heading);
        }
    }
    found
}

fn list<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    arguments.map(item).collect()
}

/// How an argument is written, and its help with default and possible values.
fn item(argument: &Arg) -> String {
    let flags = [
        argument.get_short().map(|short| format!("-{short}")),
        argument.get_long().map(|long| format!("--{long}")),
    ];
    let mut names: Vec<String> =
        flags.into_iter().flatten().map(|flag| format!("\\fB{}\\fR", escape(&flag))).collect();
    let takes_value = argument.get_action().takes_values();
    let value = argument.get_value_names().filter(|_| takes_value).map(|values| values.join(" "));
    let value = value.map(|value| format!("\\fI{}\\fR", escape(&value)));
    let name = match (names.is_empty(), value) {
        (true, Some(value)) => value,
        (_, value) => {
            names.extend(value.into_iter().map(|value| format!(" {value}")));
            names.join(", ").replace(",  ", " ")
        }
    };
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    format!(".TP\n{name}\n{}\n", escape(&[help, remarks(argument)].concat()))
}

fn remarks(argument: &Arg) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    let mut remarks = String::new();
    let defaults: Vec<_> =
        argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let possible = argument.get_possible_values();
    let names: Vec<&str> = possible.iter().map(clap::builder::PossibleValue::get_name).collect();
    for (remark, values) in [("default", defaults.join(" ")), ("possible values", names.join(", "))] {
        if !values.is_empty() {
            write!(remarks, " [{remark}: {values}]").expect("writing to a string does not fail");
        }
    }
    remarks
}

/// Paragraphs of one line are filled; the lines of others stay as they are.
fn paragraphs(text: &str) -> String {
    let paragraph = |text: &str| {
        let body = if text.contains('\n') { verbatim(text) } else { format!("{}\n", escape(text)) };
        format!(".PP\n{body}")
    };
    text.split("\n\n").filter(|text| !text.is_empty()).map(paragraph).collect()
}

/// Text whose lines stay as they are.
fn verbatim(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(".nf\n{}\n.fi\n", escape(text)) }
}

/// Text that no macro or escape is seen in: hyphens stay hyphens, and a line does not begin with a control character.
fn escape(text: &str) -> String {
    let plain = text.replace('\\', "\\e").replace('-', "\\-");
    let line =
        |line: &str| if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_owned() };
    plain.split('\n').map(line).collect::<Vec<String>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_every_flag_and_no_line_is_taken_for_a_macro() {
        let mut command = Command::new("cut")
            .about("Cut .things")
            .arg(
                Arg::new("depth")
                    .short('d')
                    .long("max-depth")
                    .value_name("N")
                    .default_value("3")
                    .help(".5 or a\\b"),
            )
            .arg(Arg::new("file").value_name("FILE").help("What to cut"))
            .arg(Arg::new("odd").long("odd").action(clap::ArgAction::SetTrue).help_heading("Rare"))
            .after_help(".first\n'second");
        command.build();
        let page = render("cut", &command);
        assert!(page.contains(".SH NAME\ncut \\- Cut .things\n"), "{page}");
        assert!(
            page.contains(
                ".TP\n\\fB\\-d\\fR, \\fB\\-\\-max\\-depth\\fR \\fIN\\fR\n\\&.5 or a\\eb [default: 3]\n"
            ),
            "{page}"
        );
        assert!(page.contains(".SH ARGUMENTS\n.TP\n\\fIFILE\\fR\nWhat to cut\n"), "{page}");
        assert!(page.contains(".SH RARE\n.TP\n\\fB\\-\\-odd\\fR\n"), "{page}");
        assert!(page.contains(".PP\n.nf\n\\&.first\n\\&'second\n.fi\n"), "{page}");
    }
}
