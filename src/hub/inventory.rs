//! The models in the cache: listing, verifying, removing.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::hub::entity_tag::EntityTag;
use crate::hub::error::HubError;
use crate::hub::fetch::Hub;
use crate::hub::name::{HubName, is_commit};
use crate::hub::repository::{FILES, Need, Repository};

/// A model in the cache at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedModel {
    /// The model at its commit.
    pub name: HubName,
    /// The branches and tags whose last known commit is this one.
    pub refs: Vec<String>,
    /// The folder of its files.
    pub folder: PathBuf,
    /// The bytes of its files, including those shared with other revisions.
    pub bytes: u64,
    /// Whether the required files are present.
    pub is_loadable: bool,
}

/// A file of a model in the cache, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// The model at its commit.
    pub model: HubName,
    /// Its path in the repository.
    pub file: String,
    /// The result.
    pub state: FileState,
}

/// The result of comparing a file with its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// The bytes are those on the hub.
    Good,
    /// The bytes differ.
    Damaged,
    /// The file is required and absent.
    Missing,
    /// The hub states no digest, or the file is not a link to a blob.
    Unchecked,
}

impl Hub {
    /// The models in the cache by name, or those that match `only`.
    ///
    /// # Errors
    ///
    /// [`HubError::NotCached`] if nothing matches `only`, [`HubError::Cache`] if the cache cannot be read.
    pub fn models(&self, only: Option<&HubName>) -> Result<Vec<CachedModel>, HubError> {
        let Some(only) = only else {
            let mut models = Vec::new();
            for entry in entries(&self.settings.cache)? {
                if let Some(name) = repository_name(&entry) {
                    models.extend(self.revisions(&name)?);
                }
            }
            return Ok(models);
        };
        let mut models = self.revisions(only)?;
        if only.has_revision() {
            let commit = self.repository(only).commit_of(only.revision())?;
            models.retain(|model| model.name.commit() == commit.as_deref());
        }
        if models.is_empty() { Err(self.not_cached(only)) } else { Ok(models) }
    }

    /// Verifies every file of all models, or of those that match `only`.
    ///
    /// # Errors
    ///
    /// As [`Hub::models`].
    pub fn verify(&self, only: Option<&HubName>) -> Result<Vec<CheckedFile>, HubError> {
        let mut checked = Vec::new();
        for model in self.models(only)? {
            let blobs = self.repository(&model.name).blobs();
            let mut check = |file: String, state| {
                checked.push(CheckedFile { model: model.name.clone(), file, state });
            };
            let paths = files_below(&model.folder)?;
            for path in &paths {
                let file = path.strip_prefix(&model.folder).expect("it was found there");
                check(file.to_string_lossy().into_owned(), state(path, blobs.as_deref())?);
            }
            for (file, need) in FILES {
                if need == Need::Required && !paths.contains(&model.folder.join(file)) {
                    check(file.to_owned(), FileState::Missing);
                }
            }
        }
        Ok(checked)
    }

    /// Removes the revision that `name` states, with the blobs that no other revision has, or without one all revisions.
    ///
    /// # Errors
    ///
    /// As [`Hub::models`].
    pub fn remove(&self, name: &HubName) -> Result<Vec<CachedModel>, HubError> {
        let repository = self.repository(name);
        if !repository.folder().exists() {
            return Err(self.not_cached(name));
        }
        let all = self.revisions(name)?;
        let removed = if name.has_revision() { self.models(Some(name))? } else { all.clone() };
        // Refs go first, so that a partly removed model is not found.
        for reference in removed.iter().flat_map(|model| &model.refs) {
            remove(&repository.folder().join("refs").join(reference))?;
        }
        if removed.len() == all.len() {
            remove(&repository.folder().join("snapshots"))?;
            remove(repository.folder())?;
            remove(repository.locks())?;
            return Ok(removed);
        }
        let mut unused = BTreeSet::new();
        let blobs = repository.blobs();
        for model in &removed {
            unused.extend(blobs_of(model, blobs.as_deref())?);
        }
        for model in all.iter().filter(|model| !removed.contains(model)) {
            for blob in blobs_of(model, blobs.as_deref())? {
                unused.remove(&blob);
            }
        }
        for path in removed.iter().map(|model| &model.folder).chain(&unused) {
            remove(path)?;
        }
        Ok(removed)
    }

    /// The revisions of a model, by commit.
    fn revisions(&self, name: &HubName) -> Result<Vec<CachedModel>, HubError> {
        let repository = self.repository(name);
        let refs = refs(&repository)?;
        let mut models = Vec::new();
        for folder in entries(&repository.folder().join("snapshots"))? {
            let commit = file_name(&folder);
            if !is_commit(&commit) {
                continue;
            }
            let mut bytes = 0;
            for path in files_below(&folder)? {
                // A dangling link counts as empty.
                bytes += path.metadata().map_or(0, |metadata| metadata.len());
            }
            let is_here = |(_, seen): &&(String, String)| *seen == commit;
            models.push(CachedModel {
                name: name.at(&commit),
                refs: refs.iter().filter(is_here).map(|(name, _)| name.clone()).collect(),
                is_loadable: repository.is_loadable(&commit),
                folder,
                bytes,
            });
        }
        Ok(models)
    }

    fn not_cached(&self, name: &HubName) -> HubError {
        HubError::NotCached { name: name.to_string(), cache: self.settings.cache.clone() }
    }
}

/// Branches and tags, each with its last known commit.
fn refs(repository: &Repository) -> Result<Vec<(String, String)>, HubError> {
    let folder = repository.folder().join("refs");
    let mut refs = Vec::new();
    for path in files_below(&folder)? {
        let name = path.strip_prefix(&folder).expect("it was found there").to_string_lossy().into_owned();
        if let Some(commit) = repository.commit_of(&name)? {
            refs.push((name, commit));
        }
    }
    Ok(refs)
}

/// `ORG/NAME` of the folder `models--ORG--NAME`. None for names without an organization, which [`HubName`] excludes.
fn repository_name(folder: &Path) -> Option<HubName> {
    let name = file_name(folder);
    let (organization, name) = name.strip_prefix("models--")?.split_once("--")?;
    format!("{organization}/{name}").parse().ok()
}

/// Compares the file at `path`, a link into the folder `blobs`, with its digest.
fn state(path: &Path, blobs: Option<&Path>) -> Result<FileState, HubError> {
    let blob = match path.canonicalize() {
        Ok(blob) if blob.parent() == blobs => blob,
        Ok(_) => return Ok(FileState::Unchecked),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FileState::Missing),
        Err(error) => return Err(HubError::at(path)(error)),
    };
    let Some(tag) = EntityTag::parse(&file_name(&blob)) else { return Ok(FileState::Unchecked) };
    Ok(match tag.digest(&blob).map_err(HubError::at(&blob))? {
        None => FileState::Unchecked,
        Some(found) if found == tag.as_str() => FileState::Good,
        Some(_) => FileState::Damaged,
    })
}

/// The files in the folder `blobs` that a snapshot links to. A link may lead elsewhere, where nothing is ours.
fn blobs_of(model: &CachedModel, blobs: Option<&Path>) -> Result<BTreeSet<PathBuf>, HubError> {
    let targets = files_below(&model.folder)?.into_iter().filter_map(|path| path.canonicalize().ok());
    Ok(targets.filter(|target| target.parent() == blobs).collect())
}

/// The files in `folder` and below it, in order; none if it is missing.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, HubError> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        // Folders of the cache are never links, so a link counts as a file wherever it points.
        if path.is_dir() && !path.is_symlink() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, HubError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HubError::at(folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in listing {
        paths.push(entry.map_err(HubError::at(folder))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn remove(path: &Path) -> Result<(), HubError> {
    let outcome = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(HubError::at(path)(error)),
        _ => Ok(()),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
