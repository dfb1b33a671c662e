//! Which files of the sources use which others, read from `use` declarations and paths.
//!
//! A name that a `mod.rs` re-exports leads to the file that it comes from. Unit tests may use everything: what follows
//! `#[cfg(test)]` or `#[cfg(all(test,` before `mod tests` at the end of a file is left out, as are files of tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its path from the crate: `["corpus", "reader"]`.
type ModulePath = Vec<String>;

/// The sources of the crate.
pub(super) struct Sources {
    /// The file of each module, and its text without comments and unit tests.
    modules: BTreeMap<ModulePath, (PathBuf, String)>,
    /// For each module, the names that it re-exports and the paths that they come from.
    exports: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
}

impl Sources {
    pub(super) fn read() -> Self {
        let mut modules = BTreeMap::new();
        for path in rust_files(Path::new("src")) {
            let text = fs::read_to_string(&path).expect("a source is text");
            modules.insert(module_path(&path), (path, without_tests_and_comments(&text)));
        }
        let mut sources = Self { modules, exports: BTreeMap::new() };
        let paths: Vec<ModulePath> = sources.modules.keys().cloned().collect();
        for module in paths {
            let exports = sources.exports_of(&module);
            sources.exports.insert(module, exports);
        }
        sources
    }

    /// Every file and its text without comments and unit tests.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.modules.values().map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// For each file, the other files that it uses. A file that only declares and re-exports uses none.
    pub(super) fn uses(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut uses = BTreeMap::new();
        for (module, (path, text)) in &self.modules {
            let named = paths_in(text).into_iter().filter_map(|path| self.defining_file(module, &path));
            uses.insert(path.as_path(), named.filter(|other| *other != path.as_path()).collect());
        }
        uses
    }

    fn exports_of(&self, module: &ModulePath) -> BTreeMap<String, ModulePath> {
        let text = &self.modules[module].1;
        let declared = use_trees(text).into_iter().filter(|declared| declared.is_public);
        let targets = declared.flat_map(|declared| expand(&declared.tree));
        let named = targets.filter_map(|path| Some((path.last()?.clone(), self.absolute(module, &path)?)));
        named.collect()
    }

    /// The path from the crate that `path` means inside `module`; `None` for other crates.
    fn absolute(&self, module: &ModulePath, path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module.as_slice(), rest].concat()),
            "super" => {
                let parent = &module[..module.len().checked_sub(1)?].to_vec();
                match rest.first().map(String::as_str) {
                    Some("super") => self.absolute(parent, rest),
                    _ => Some([parent.as_slice(), rest].concat()),
                }
            }
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                self.modules.contains_key(&child).then(|| [module.as_slice(), path].concat())
            }
        }
    }

    /// The file that defines what `path` means inside `module`.
    fn defining_file(&self, module: &ModulePath, path: &[String]) -> Option<&Path> {
        let mut target = self.absolute(module, path)?;
        // Every step follows one re-export, of which there are few in a row.
        for _ in 0..8 {
            let depth =
                (0..=target.len()).rev().find(|&depth| self.modules.contains_key(&target[..depth]))?;
            let (holder, rest) = target.split_at(depth);
            let export = rest.first().and_then(|name| self.exports.get(holder)?.get(name));
            match export {
                Some(from) if *from != target => target = [from.as_slice(), &rest[1..]].concat(),
                _ => return Some(&self.modules[holder].0),
            }
        }
        None
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("a folder lists its entries").path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            found.push(path);
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().expect("a source has a name").to_string_lossy();
    stem == "tests" || stem.ends_with("_tests") || stem == "samples"
}

/// `src/corpus/reader.rs` is `corpus::reader`; a `mod.rs` is its folder, `lib.rs` and `main.rs` the crate itself.
fn module_path(path: &Path) -> ModulePath {
    let below = path.strip_prefix("src").expect("the path is that of a source").with_extension("");
    let mut names: ModulePath =
        below.components().map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod" || name == "lib") {
        names.pop();
    }
    names
}

fn without_tests_and_comments(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").or_else(|| text.find("#[cfg(all(test,"));
    let lines = text[..end.unwrap_or(text.len())].lines();
    lines.map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// A `use` declaration.
struct UseTree {
    is_public: bool,
    tree: String,
}

fn use_trees(text: &str) -> Vec<UseTree> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(offset) = text[position..].find("use ") {
        let start = position + offset;
        let end = text[start..].find(';').map_or(text.len(), |length| start + length);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let before = text[line_start..start].trim();
        let tree = text[start + "use ".len()..end].split_whitespace().collect::<Vec<_>>().join(" ");
        // Prose in a string can begin like a declaration, too.
        if (before.is_empty() || before.starts_with("pub")) && is_tree(&tree) {
            found.push(UseTree { is_public: before.starts_with("pub"), tree });
            position = end;
        } else {
            position = start + 1;
        }
    }
    found
}

/// Whether `text` can be a `use` tree: names, and braces that close at its end.
fn is_tree(text: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || "_:{}, *".contains(character);
    let mut depth = 0_i32;
    let mut closes_at_end = true;
    for (index, character) in text.char_indices() {
        depth += i32::from(character == '{') - i32::from(character == '}');
        closes_at_end &= depth > 0 || character != '}' || index + 1 == text.len();
    }
    depth == 0 && closes_at_end && text.chars().all(is_part)
}

/// The paths of a `use` tree, braces resolved and renames left out.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![
            path.split("::").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
        ];
    };
    let prefix = &tree[..open];
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let parts = split_outside_braces(inner);
    parts.iter().flat_map(|part| expand(&format!("{prefix}{}", part.trim()))).collect()
}

fn split_outside_braces(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is a first part").push(character);
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// Every path that a text imports privately, or names in place by `crate::` or `super::`.
pub(super) fn paths_in(text: &str) -> Vec<Vec<String>> {
    let private = use_trees(text).into_iter().filter(|declared| !declared.is_public);
    let mut paths: Vec<Vec<String>> = private.flat_map(|declared| expand(&declared.tree)).collect();
    for line in
        text.lines().filter(|line| !line.trim_start().starts_with("use ") && !line.contains("pub use "))
    {
        for root in ["crate::", "super::"] {
            for (start, _) in line.match_indices(root) {
                let is_path = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
                let path: String =
                    line[start..].chars().take_while(|&character| is_path(character)).collect();
                paths.push(path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect());
            }
        }
    }
    paths
}

#[test]
fn use_trees_expand_to_the_paths_that_they_import() {
    let tree = "crate::corpus::{self, error::{CorpusError as E, RowProblem}, Document}";
    let paths: Vec<String> = expand(tree).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        paths,
        [
            "crate::corpus::self",
            "crate::corpus::error::CorpusError",
            "crate::corpus::error::RowProblem",
            "crate::corpus::Document"
        ]
    );
}

#[test]
fn prose_and_unbalanced_braces_are_no_declarations() {
    assert!(is_tree("crate::a::{self, b::{C as D, e::*}}"));
    for text in ["it, {name}, as you like. ", "{a}::{b}", "a::{b", "a::b}", "\"x\""] {
        assert!(!is_tree(text), "{text}");
    }
    let text = "use std::fs;\n    use it {with} care; use {that};\npub use a::{b, c};\n";
    let trees: Vec<String> = use_trees(text).into_iter().map(|declared| declared.tree).collect();
    assert_eq!(trees, ["std::fs", "a::{b, c}"]);
}

#[test]
fn a_name_that_is_re_exported_leads_to_its_file() {
    let sources = Sources::read();
    let from = |module: &str, path: &str| {
        let split = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
        sources.defining_file(&split(module), &split(path)).map(Path::to_path_buf)
    };
    assert_eq!(from("index::writer", "crate::corpus::Document"), Some("src/corpus/document.rs".into()));
    assert_eq!(from("engine::core", "super::EngineError"), Some("src/engine/error.rs".into()));
    assert_eq!(from("engine::core", "crate::engine::Hit"), Some("src/search/mod.rs".into()));
    assert_eq!(from("engine::core", "std::sync::Arc"), None);
}
