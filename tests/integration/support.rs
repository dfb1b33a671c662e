//! A hermetic place to run the binary in, and ways to look at what it says.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The random model of the tests: BERT of 2 layers and hidden size 32.
pub(crate) fn tiny_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-bert")
}

/// An empty working directory, with a home of its own.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a run of the binary left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for the test") }
    }

    /// A sandbox with the five policy lines of the examples.
    pub(crate) fn with_docs() -> Self {
        let sandbox = Self::new();
        sandbox.write("docs.txt", include_str!("../../examples/docs.txt"));
        sandbox
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).expect("the sandbox is writable");
    }

    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::cargo_bin("embed").expect("the binary is built");
        command.current_dir(self.path()).env_clear().env("HOME", self.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Runs with `--model` set to the tiny model.
    pub(crate) fn run_tiny(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).arg("--model").arg(tiny_model()))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        Outcome::of(self.command(arguments).write_stdin(input))
    }

    /// The records of a `--jsonl` run that must succeed.
    pub(crate) fn records(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let outcome = self.run(&[arguments, &["--jsonl"]].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.records()
    }
}

impl Outcome {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the binary starts");
        let text = |bytes| String::from_utf8(bytes).expect("the binary writes UTF-8");
        Self {
            code: output.status.code().expect("the binary was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// Asserts an error of exit code 2 with nothing on standard output, and that its first line is `message`.
    pub(crate) fn assert_error(&self, message: &str) {
        assert_eq!(self.code, 2, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().next(), Some(format!("error: {message}").as_str()), "{self:?}");
        assert!(self.stderr.lines().count() <= 2, "an error is a line and a hint: {self:?}");
    }
}
