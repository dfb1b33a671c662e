//! Globs that select sources by their names, with the rules for the files of a walked folder.

use std::path::Path;

use ignore::overrides::Override;

use super::error::CorpusError;
use super::walk::overrides;

/// Patterns as in [`WalkOptions::globs`](super::WalkOptions::globs), compared with the names of sources.
#[derive(Debug, Clone)]
pub struct SourceGlobs {
    patterns: Override,
}

impl SourceGlobs {
    /// Parses `patterns`.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Glob`].
    pub fn new(patterns: &[String]) -> Result<Self, CorpusError> {
        // Names are relative already.
        Ok(Self { patterns: overrides(Path::new("."), patterns)? })
    }

    /// Whether the source is selected: neither it nor a folder above it is excluded.
    #[must_use]
    pub fn select(&self, source: &str) -> bool {
        let path = Path::new(source);
        let mut folders = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
        !self.patterns.matched(path, false).is_ignore()
            && !folders.any(|folder| self.patterns.matched(folder, true).is_ignore())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(patterns: &[&str]) -> Vec<&'static str> {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let globs = SourceGlobs::new(&patterns).unwrap();
        let names = ["a.md", "notes/b.md", "notes/old/c.txt", "../d.txt", "/e/f.md"];
        names.into_iter().filter(|name| globs.select(name)).collect()
    }

    #[test]
    fn globs_select_and_exclude_names_as_they_do_files() {
        assert_eq!(selected(&["*.md"]), ["a.md", "notes/b.md", "/e/f.md"]);
        assert_eq!(selected(&["!*.md"]), ["notes/old/c.txt", "../d.txt"]);
        assert_eq!(selected(&["notes/*.md"]), ["notes/b.md"]);
        assert_eq!(selected(&["!old/"]), ["a.md", "notes/b.md", "../d.txt", "/e/f.md"]);
        assert_eq!(selected(&["*.md", "!notes/**"]), ["a.md", "/e/f.md"]);
        assert_eq!(selected(&[]).len(), 5);
    }
}
