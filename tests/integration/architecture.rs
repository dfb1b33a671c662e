//! The map of the crate documentation, enforced: modules import downward only, and never in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the bottom up. A module may use those below its own layer; a circle is an error within one, too.
const LAYERS: [&[&str]; 5] = [
    &["simd", "topk", "mapped_file", "vectors"],
    &["scan", "corpus", "filter", "hub", "embedding"],
    &["model", "index"],
    &["indexing", "search", "streaming", "analysis", "exchange", "reference"],
    &["engine"],
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("a folder lists its entries").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The module of the first level that `path` belongs to.
fn module(path: &Path) -> String {
    let below = path.strip_prefix("src").expect("the path is that of a source");
    let first = below.components().next().expect("a source has a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Every name that follows `crate::`, alone or in a braced list.
fn imports(source: &str) -> BTreeSet<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for rest in source.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                found.extend(list.split('}').next().unwrap_or("").split(',').map(|item| name(item.trim())));
            }
            None => {
                found.insert(name(rest));
            }
        }
    }
    found.remove("");
    found
}

/// For each module of the library, those that it uses.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(Path::new("src")) {
        let module = module(&path);
        if matches!(module.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source is text");
        let mut imported = imports(&source);
        imported.remove(&module);
        uses.entry(module).or_default().extend(imported);
    }
    uses
}

fn layer(module: &str) -> usize {
    let position = LAYERS.iter().position(|layer| layer.contains(&module));
    position
        .unwrap_or_else(|| panic!("src/{module} is in no layer; place it in LAYERS and in the crate docs"))
}

#[test]
fn modules_import_downward_only() {
    for (module, used) in uses() {
        for other in used {
            assert!(layer(&other) <= layer(&module), "{module} imports {other}, which is above it");
        }
    }
}

#[test]
fn modules_do_not_import_in_a_circle() {
    let mut left = uses();
    while !left.is_empty() {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, used)| used.iter().all(|other| !left.contains_key(other)))
            .map(first)
            .collect();
        assert!(!free.is_empty(), "a circle of imports is among {:?}", left.keys());
        for module in free {
            left.remove(&module);
        }
    }
}

fn first((module, _): (&String, &BTreeSet<String>)) -> String {
    module.clone()
}

#[test]
fn the_library_does_not_know_the_command_line() {
    for path in sources(Path::new("src")) {
        let is_test = path.components().any(|component| component.as_os_str() == "tests");
        if is_test || matches!(module(&path).as_str(), "main" | "cli") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source is text");
        for word in ["clap", "indicatif", "anyhow", "std::env", "std::process", "crate::cli", "super::cli"] {
            assert!(!source.contains(&format!("{word}::")), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn imports_are_read_in_every_form_that_the_sources_use() {
    let source = "use crate::vectors::RowId; use crate::{scan, topk::TopK}; let x = crate::simd::dot();";
    assert_eq!(imports(source), ["scan", "simd", "topk", "vectors"].map(str::to_owned).into());
}
