//! The formats of sources, and their detection by name.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InputFormat {
    /// Every non-blank line is a document.
    Lines,
    /// Prose: one document, split into passages.
    Text,
    /// One document, split into passages by its headings.
    Markdown,
    /// One document: the text that a browser shows, split into passages.
    Html,
    /// Source code: one document, split into passages at blank lines.
    Code,
    /// Comma-separated values with a header: every row is a document.
    Csv,
    /// Tab-separated values with a header, without quotes: every line is a document.
    Tsv,
    /// A JSON object per line: every object is a document.
    Jsonl,
    /// An array of JSON objects: every object is a document.
    Json,
}

/// How a source was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The user named it.
    Named,
    /// It was found in a folder that the user named.
    Walked,
}

const MARKDOWN: &[&str] = &["md", "markdown", "mdown", "mkd", "mkdn", "mdx", "qmd", "rmd"];
const HTML: &[&str] = &["html", "htm", "xhtml"];
const PROSE: &[&str] = &["adoc", "asciidoc", "bib", "org", "pod", "rst", "tex", "typ"];
const CODE: &[&str] = &[
    "ada", "asm", "awk", "bash", "bat", "bzl", "c", "cc", "cfg", "clj", "cljs", "cmake", "conf", "cpp", "cs",
    "css", "cu", "cxx", "d", "dart", "ddl", "diff", "el", "elm", "erl", "ex", "exs", "f90", "fish", "fs",
    "gd", "glsl", "go", "gradle", "graphql", "groovy", "h", "hcl", "hh", "hpp", "hrl", "hs", "hxx", "ini",
    "ipynb", "java", "jl", "js", "json", "json5", "jsx", "kt", "kts", "less", "lisp", "lua", "m", "mjs",
    "ml", "mli", "mm", "nim", "nix", "patch", "php", "pl", "pm", "proto", "ps1", "py", "pyi", "r", "rb",
    "rkt", "rs", "s", "sass", "scala", "scm", "scss", "sh", "sol", "sql", "sv", "svelte", "swift", "tcl",
    "tf", "thrift", "toml", "ts", "tsx", "v", "vb", "vhd", "vim", "vue", "wgsl", "xml", "yaml", "yml", "zig",
    "zsh",
];
const CODE_NAMES: &[&str] = &["CMakeLists.txt", "Dockerfile", "Justfile", "Makefile", "Rakefile"];

impl InputFormat {
    /// All formats, in the order in which messages list them.
    pub const ALL: [Self; 9] = [
        Self::Lines,
        Self::Text,
        Self::Markdown,
        Self::Html,
        Self::Code,
        Self::Csv,
        Self::Tsv,
        Self::Jsonl,
        Self::Json,
    ];

    /// The name of the format on the command line and in an index.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Code => "code",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Jsonl => "jsonl",
            Self::Json => "json",
        }
    }

    /// The format that a file's name implies. If the name implies none, a file is read as lines if the user named it,
    /// and as prose if it was found by walking.
    ///
    /// `.json` implies [`InputFormat::Json`] only if the file starts as an array of objects; the caller checks that.
    #[must_use]
    pub fn detect(path: &Path, origin: Origin) -> Self {
        let extension =
            path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        let is_one_of =
            |names: &[&str]| extension.as_deref().is_some_and(|extension| names.contains(&extension));
        let by_name =
            || path.file_name().and_then(|name| name.to_str()).is_some_and(|name| CODE_NAMES.contains(&name));
        match extension.as_deref() {
            Some("csv") => Self::Csv,
            Some("tsv" | "tab") => Self::Tsv,
            Some("jsonl" | "ndjson" | "jsonlines") => Self::Jsonl,
            Some("json") => Self::Json,
            _ if is_one_of(MARKDOWN) => Self::Markdown,
            _ if is_one_of(HTML) => Self::Html,
            _ if is_one_of(PROSE) => Self::Text,
            _ if is_one_of(CODE) || by_name() => Self::Code,
            _ => match origin {
                Origin::Named => Self::Lines,
                Origin::Walked => Self::Text,
            },
        }
    }
}

impl fmt::Display for InputFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name of an unknown format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no input format is called {name:?}; give one of {}", InputFormat::ALL.map(InputFormat::name).join(", "))]
pub struct UnknownFormat {
    /// The name as typed.
    pub name: String,
}

impl FromStr for InputFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let known = Self::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_text_is_read_differently_when_it_was_found_by_walking() {
        for (path, named, walked) in [
            ("notes.txt", InputFormat::Lines, InputFormat::Text),
            ("server.log", InputFormat::Lines, InputFormat::Text),
            ("README", InputFormat::Lines, InputFormat::Text),
            ("a/README.MD", InputFormat::Markdown, InputFormat::Markdown),
            ("page.htm", InputFormat::Html, InputFormat::Html),
            ("paper.tex", InputFormat::Text, InputFormat::Text),
            ("main.rs", InputFormat::Code, InputFormat::Code),
            ("a/Makefile", InputFormat::Code, InputFormat::Code),
            ("rows.csv", InputFormat::Csv, InputFormat::Csv),
            ("rows.tsv", InputFormat::Tsv, InputFormat::Tsv),
            ("rows.ndjson", InputFormat::Jsonl, InputFormat::Jsonl),
            ("rows.json", InputFormat::Json, InputFormat::Json),
        ] {
            assert_eq!(InputFormat::detect(Path::new(path), Origin::Named), named, "{path}");
            assert_eq!(InputFormat::detect(Path::new(path), Origin::Walked), walked, "{path}");
        }
    }

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in InputFormat::ALL {
            assert_eq!(format.to_string().parse::<InputFormat>().unwrap(), format);
        }
        let error = "docx".parse::<InputFormat>().unwrap_err();
        assert!(error.to_string().contains("lines, text, markdown"), "{error}");
    }
}
