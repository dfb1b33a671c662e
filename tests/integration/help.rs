//! The whole help, as a user reads it.

use super::support::Sandbox;

#[test]
fn the_help_of_every_command() {
    let sandbox = Sandbox::new();
    let commands = [
        "index",
        "search",
        "list",
        "remove",
        "compact",
        "encode",
        "similarity",
        "rerank",
        "verify",
        "info",
        "completions",
        "man",
        "import",
        "export",
        "duplicates",
        "cluster",
        "analogy",
        "eval",
        "models",
        "models list",
        "models pull",
        "models verify",
        "models remove",
        "serve",
        "mcp",
    ];
    let helps = commands.iter().map(|command| command.split(' ').chain(["--help"]).collect());
    for arguments in helps.chain([vec!["--help"]]) {
        let help = sandbox.run(&arguments);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""));
        insta::assert_snapshot!(arguments.join(" "), help.stdout);
    }
}

#[test]
fn no_command_is_an_error_that_shows_the_help() {
    let none = Sandbox::new().run(&[]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(none.stderr.contains("Commands:"), "{none:?}");
}
