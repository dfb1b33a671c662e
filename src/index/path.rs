//! The path of a source in the catalog.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::corpus::canonical;

const STANDARD_INPUT: &str = "-";

/// The path of a source as the catalog holds it: relative to the folder that holds the index folder (the
/// root), absolute where it lies outside, with `/` between names on every system. `-` is standard input; a
/// file of that name is `./-`.
///
/// New paths are [canonical] ([`SourceNames`](super::SourceNames)). An older index may hold paths through links.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredPath(String);

/// A name on disk is not Unicode, and so cannot be stored as text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path {} is not valid Unicode", path.display())]
pub struct PathNotUnicode {
    /// The path.
    pub path: PathBuf,
}

impl StoredPath {
    /// The path of texts from standard input.
    #[must_use]
    pub fn standard_input() -> Self {
        Self(STANDARD_INPUT.to_owned())
    }

    /// The stored form of `path` with `.` and `..` resolved by name alone, as older indexes hold it. `path` is absolute
    /// or relative to `working_directory`, which is absolute, as `root` is.
    pub(super) fn as_spelled(
        path: &Path,
        working_directory: &Path,
        root: &Path,
    ) -> Result<Self, PathNotUnicode> {
        Self::within(&without_dots(&working_directory.join(path)), &without_dots(root))
    }

    /// The stored form of an absolute path without dots.
    pub(super) fn within(absolute: &Path, root: &Path) -> Result<Self, PathNotUnicode> {
        let stored = absolute.strip_prefix(root).unwrap_or(absolute);
        let text = stored.to_str().ok_or_else(|| PathNotUnicode { path: absolute.to_path_buf() })?;
        let text = if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() };
        Ok(match text.as_str() {
            "" => Self(".".to_owned()),
            STANDARD_INPUT => Self(format!("./{STANDARD_INPUT}")),
            _ => Self(text),
        })
    }

    pub(crate) const fn from_catalog(text: String) -> Self {
        Self(text)
    }

    /// The text in the catalog.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file or folder on this machine; `None` for standard input.
    #[must_use]
    pub fn to_absolute(&self, root: &Path) -> Option<PathBuf> {
        (self.0 != STANDARD_INPUT).then(|| without_dots(&root.join(&self.0)))
    }

    /// The path to show to a person in `working_directory`: relative to it where it is stored relative to the
    /// root, absolute otherwise. `-` is standard input; a file of that name is `./-`.
    #[must_use]
    pub fn relative_to(&self, working_directory: &Path, root: &Path) -> PathBuf {
        match self.to_absolute(root) {
            None => PathBuf::from(STANDARD_INPUT),
            Some(absolute) if Path::new(&self.0).is_absolute() => absolute,
            Some(absolute) => match between(&without_dots(working_directory), &absolute) {
                shown if shown.as_os_str() == STANDARD_INPUT => Path::new(".").join(shown),
                shown => shown,
            },
        }
    }
}

impl fmt::Display for StoredPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The canonical form of the absolute `path`, or `path` without dots where the system does not resolve it.
pub(super) fn resolved(path: &Path) -> PathBuf {
    canonical(path).unwrap_or_else(|_| without_dots(path))
}

/// The relative path from a folder to a path; both absolute and without dots.
fn between(folder: &Path, path: &Path) -> PathBuf {
    let shared = folder.components().zip(path.components()).take_while(|(left, right)| left == right).count();
    if shared == 0 {
        // Paths on two drives have no relative path between them.
        return path.to_path_buf();
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(path.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// The absolute `path` with its `.` and `..` resolved by name.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn stored(path: &str) -> String {
        StoredPath::as_spelled(Path::new(path), Path::new("/no-home/ann/notes"), Path::new("/no-home/ann"))
            .unwrap()
            .0
    }

    fn shown(text: &str, working_directory: &str) -> String {
        let path =
            StoredPath(text.to_owned()).relative_to(Path::new(working_directory), Path::new("/no-home/ann"));
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_path_under_the_root_is_stored_relative_to_it() {
        assert_eq!(stored("a.txt"), "notes/a.txt");
        assert_eq!(stored("./sub/../a.txt"), "notes/a.txt");
        assert_eq!(stored("../b.txt"), "b.txt");
        assert_eq!(stored("/no-home/ann/c.txt"), "c.txt");
        assert_eq!(stored(".."), ".");
    }

    #[test]
    fn a_path_outside_the_root_is_stored_absolute() {
        assert_eq!(stored("../../bob/a.txt"), "/no-home/bob/a.txt");
        assert_eq!(stored("/no-home/anna/a.txt"), "/no-home/anna/a.txt");
    }

    #[test]
    fn a_file_named_like_standard_input_is_told_apart() {
        assert_eq!(stored("../-"), "./-");
        assert_eq!(shown("./-", "/no-home/ann"), "./-");
        assert_eq!(shown("notes/-", "/no-home/ann/notes"), "./-");
        assert_eq!(StoredPath::standard_input().to_absolute(Path::new("/no-home/ann")), None);
    }

    #[test]
    fn a_stored_path_is_shown_from_where_the_user_stands() {
        assert_eq!(shown("notes/a.txt", "/no-home/ann/notes"), "a.txt");
        assert_eq!(shown("notes/a.txt", "/no-home/ann"), "notes/a.txt");
        assert_eq!(shown("a.txt", "/no-home/ann/notes/sub"), "../../a.txt");
        assert_eq!(shown("/var/log/x", "/no-home/ann"), "/var/log/x");
        assert_eq!(shown("-", "/no-home/ann"), "-");
    }

    #[test]
    fn a_name_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
        let refused = StoredPath::as_spelled(path, Path::new("/"), Path::new("/"));
        assert!(refused.is_err());
    }
}
