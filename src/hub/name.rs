//! Names of models on the hub.

use std::fmt;
use std::str::FromStr;

use crate::hub::error::HubError;

/// `ORG/NAME` or `ORG/NAME@REVISION`: a model on the hub at a commit, a tag or a branch, by default the branch `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubName {
    repository: String,
    revision: Option<String>,
}

/// The hub's limit for `ORG/NAME`.
const MAXIMUM_LENGTH: usize = 96;

/// The limit of file systems for one name.
const MAXIMUM_REVISION_LENGTH: usize = 255;

impl HubName {
    /// Whether `text` may name a model on the hub: it has a slash and does not begin like a path.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.contains('/') && !text.starts_with(['/', '.', '~', '\\'])
    }

    /// `ORG/NAME`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The commit, tag or branch.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// Whether the name states a revision.
    #[must_use]
    pub(super) const fn has_revision(&self) -> bool {
        self.revision.is_some()
    }

    /// The revision, if it is a commit.
    #[must_use]
    pub fn commit(&self) -> Option<&str> {
        self.revision.as_deref().filter(|revision| is_commit(revision))
    }

    /// The same model at another revision, which the caller has validated.
    pub(super) fn at(&self, revision: &str) -> Self {
        Self { repository: self.repository.clone(), revision: Some(revision.to_owned()) }
    }
}

/// Whether `text` is the full hash of a commit.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromStr for HubName {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let refused = |problem| HubError::Name { name: text.to_owned(), problem };
        let (repository, revision) = match text.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (text, None),
        };
        check_repository(repository).map_err(refused)?;
        revision.map_or(Ok(()), check_revision).map_err(refused)?;
        Ok(Self { repository: repository.to_owned(), revision: revision.map(str::to_owned) })
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.revision {
            Some(revision) => write!(formatter, "{}@{revision}", self.repository),
            None => write!(formatter, "{}", self.repository),
        }
    }
}

/// Validates `ORG/NAME` by the rules of `validate_repo_id` in Python's `huggingface_hub`.
fn check_repository(repository: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = repository.split('/').collect();
    if parts.len() != 2 || parts.contains(&"") {
        return Err("it is not of the form ORG/NAME");
    }
    if repository.len() > MAXIMUM_LENGTH {
        return Err("it is longer than 96 characters");
    }
    if !repository.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte)) {
        return Err("it has characters other than letters, digits, '-', '_' and '.'");
    }
    if repository.contains("..") || repository.contains("--") {
        return Err("it contains '..' or '--'");
    }
    if parts.iter().any(|part| part.starts_with(['-', '.']) || part.ends_with(['-', '.'])) {
        return Err("a part begins or ends with '-' or '.'");
    }
    Ok(())
}

/// Validates a revision, which becomes a path below `refs`.
fn check_revision(revision: &str) -> Result<(), &'static str> {
    if revision.is_empty() {
        return Err("the revision after '@' is empty");
    }
    if revision.len() > MAXIMUM_REVISION_LENGTH {
        return Err("the revision is longer than 255 characters");
    }
    if !revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.+".contains(&byte)) {
        return Err("the revision has characters other than letters, digits, '/', '-', '_', '.' and '+'");
    }
    if revision.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.contains("..")) {
        return Err("the revision has an empty part, '..', or a part that begins with '.'");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_a_revision() {
        let plain: HubName = "org/some.model_v-2".parse().expect("it is a name");
        assert_eq!(
            (plain.repository(), plain.revision(), plain.commit()),
            ("org/some.model_v-2", "main", None)
        );
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let pinned: HubName = format!("org/name@{commit}").parse().expect("it is a name");
        assert_eq!((pinned.repository(), pinned.revision()), ("org/name", commit));
        assert_eq!(pinned.commit(), Some(commit));
        let request: HubName = "org/name@refs/pr/1".parse().expect("it is a name");
        assert_eq!((request.revision(), request.commit()), ("refs/pr/1", None));
        assert_eq!(request.to_string(), "org/name@refs/pr/1");
    }

    #[test]
    fn a_name_that_could_leave_its_folder_is_refused() {
        let long = format!("org/{}", "x".repeat(93));
        for name in [
            "org/..",
            "../name",
            "org/a..b",
            "/name",
            "org/",
            "org//name",
            "org/name/more",
            "org\\name/x",
            "org/na\\me",
            "org/na me",
            "org/näme",
            "org/na%2fme",
            "org/na?me",
            "org/na#me",
            "org:80/name",
            "a--b/name",
            "-org/name",
            "org/.name",
            "org/name.",
            "org/name@",
            "org/name@..",
            "org/name@a/../b",
            "org/name@/a",
            "org/name@a/",
            "org/name@a\\b",
            "org/name@a@b",
            "org/name@a b",
            "org/name@.git",
            &long,
            "",
            "org",
        ] {
            let parsed = name.parse::<HubName>();
            assert!(
                matches!(&parsed, Err(HubError::Name { name: named, .. }) if named == name),
                "{parsed:?}"
            );
        }
    }

    #[test]
    fn paths_are_not_taken_for_names() {
        for path in ["/a/b", "./a", "../a/b", "~/model", "model", "\\\\host/x"] {
            assert!(!HubName::is_meant_by(path), "{path}");
        }
        assert!(HubName::is_meant_by("org/name") && HubName::is_meant_by("org/../x"));
    }
}
