//! The rules, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::imports::Sources;

/// The layers from the bottom up. A module may use those below its own layer; a circle is an error within one, too.
const LAYERS: [&[&str]; 6] = [
    &["simd", "topk", "mapped_file", "vectors", "words", "http"],
    &["scan", "corpus", "filter", "hub", "embedding"],
    &["model", "index", "providers"],
    &["indexing", "search", "streaming", "analysis", "exchange", "reference"],
    &["engine"],
    &["postgres", "server"],
];

/// Files outside the layers: the crate itself, and the program.
fn is_in_library(file: &Path) -> bool {
    !matches!(module(file).as_str(), "lib" | "main" | "cli")
}

/// The module of the first level that `file` belongs to.
fn module(file: &Path) -> String {
    let below = file.strip_prefix("src").expect("the path is that of a source");
    let first = below.components().next().expect("a source has a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn layer(module: &str) -> usize {
    let position = LAYERS.iter().position(|layer| layer.contains(&module));
    position
        .unwrap_or_else(|| panic!("src/{module} is in no layer; place it in LAYERS and in the crate docs"))
}

/// So that a module can be read, tested and replaced knowing only what is below it.
#[test]
fn modules_use_those_of_their_own_layer_and_below() {
    let sources = Sources::read();
    for (file, used) in sources.uses() {
        for other in used.into_iter().filter(|other| is_in_library(file) && is_in_library(other)) {
            let is_below = layer(&module(other)) <= layer(&module(file));
            assert!(is_below, "{} uses {}, which is above it", file.display(), other.display());
        }
    }
}

/// So that every file can be read before those that use it.
#[test]
fn no_files_use_each_other_in_a_circle() {
    let sources = Sources::read();
    let mut left: BTreeMap<&Path, BTreeSet<&Path>> = sources.uses();
    loop {
        let waiting: BTreeSet<&Path> = left.keys().copied().collect();
        let before = left.len();
        left.retain(|_, used| !used.is_disjoint(&waiting));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "a circle is among {:#?}", circle(&left));
}

/// One circle among files that all use another of them.
fn circle<'a>(left: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> Vec<&'a Path> {
    let Some(mut file) = left.keys().next().copied() else { return Vec::new() };
    let mut way = Vec::new();
    while !way.contains(&file) {
        way.push(file);
        file = left[file].iter().copied().find(|other| left.contains_key(other)).expect("it uses another");
    }
    way.split_off(way.iter().position(|other| *other == file).expect("the way came back"))
}

/// So that programs without a terminal can use the library.
#[test]
fn the_library_knows_no_command_line_and_no_environment() {
    let sources = Sources::read();
    for (file, text) in sources.files().filter(|(file, _)| is_in_library(file)) {
        for path in super::imports::paths_in(text) {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            let is_forbidden = matches!(
                names.as_slice(),
                ["clap" | "indicatif" | "anyhow", ..]
                    | ["std", "env" | "process", ..]
                    | ["crate" | "super", "cli", ..]
            );
            assert!(!is_forbidden, "{} uses {}", file.display(), path.join("::"));
        }
        // The writer's lock names the process that holds it.
        let text = text.replace("std::process::id()", "");
        for name in ["std::env::", "std::process::", "anyhow::", "eprintln!", " println!"] {
            assert!(!text.contains(name), "{} uses {name}", file.display());
        }
    }
}

/// What the program may use of the library: the engine, the server, and for their settings the clients of HTTP.
const OF_THE_PROGRAM: [&str; 6] = ["engine", "hub", "http", "postgres", "providers", "server"];

/// So that a second front end finds all work in the engine.
#[test]
fn the_program_asks_the_engine() {
    let sources = Sources::read();
    for (file, text) in sources.files().filter(|(file, _)| module(file) == "cli") {
        for rest in text.split("embed::").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            assert!(OF_THE_PROGRAM.contains(&name.as_str()), "{} uses embed::{name}", file.display());
        }
    }
}
