//! Finds the files of a model by its name: in the cache, otherwise on the hub.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::hub::client::{Client, invalid_answer};
use crate::hub::download::fetch_blob;
use crate::hub::error::HubError;
use crate::hub::name::{HubName, is_commit};
use crate::hub::progress::Progress;
use crate::hub::repository::{FILES, Need, Repository};
use crate::hub::settings::{Access, HubSettings};

/// The hub and its local cache.
#[derive(Debug, Clone)]
pub struct Hub {
    pub(super) settings: HubSettings,
}

/// A model's files at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The model at its commit. This name always finds the same files.
    pub name: HubName,
    /// The folder of the files.
    pub folder: PathBuf,
}

/// The hub's description of a model at a revision.
#[derive(Deserialize)]
struct Description {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

impl Hub {
    /// A hub with `settings`.
    #[must_use]
    pub const fn new(settings: HubSettings) -> Self {
        Self { settings }
    }

    /// The files of `name`: from the cache without a request, otherwise fetched from the hub.
    ///
    /// # Errors
    ///
    /// As [`Hub::fetch`].
    pub fn find(&self, name: &HubName, progress: &mut dyn Progress) -> Result<Snapshot, HubError> {
        match self.cached(name)? {
            Some(snapshot) => Ok(snapshot),
            None if self.settings.access == Access::Offline => {
                Err(HubError::Offline { name: name.to_string(), cache: self.settings.cache.clone() })
            }
            None => self.fetch(name, progress),
        }
    }

    /// The files of `name` in the cache, at the last known commit of its branch or tag, if they are complete.
    ///
    /// Another program may have fetched the required files only. That is enough if requests are off; otherwise
    /// the snapshot counts as incomplete.
    ///
    /// # Errors
    ///
    /// [`HubError::Cache`] where the cache cannot be read.
    pub fn cached(&self, name: &HubName) -> Result<Option<Snapshot>, HubError> {
        let repository = self.repository(name);
        let commit = repository.commit_of(name.revision())?;
        let commit = commit.filter(|commit| match self.settings.access {
            Access::Online => repository.is_whole(commit),
            Access::Offline => repository.is_loadable(commit),
        });
        Ok(commit.map(|commit| Snapshot { folder: repository.snapshot(&commit), name: name.at(&commit) }))
    }

    /// The current files of `name` on the hub; fetches those that are not in the cache.
    ///
    /// # Errors
    ///
    /// A [`HubError`] if the hub does not serve all of them, or the cache cannot be written.
    pub fn fetch(&self, name: &HubName, progress: &mut dyn Progress) -> Result<Snapshot, HubError> {
        if self.settings.access == Access::Offline {
            return Err(HubError::RequestsOff { name: name.to_string() });
        }
        let client = Client::new(&self.settings, name)?;
        let description = client.description()?;
        let unreadable = || invalid_answer(client.address(), "it does not describe a model");
        let Description { sha: commit, siblings } =
            serde_json::from_slice(&description).map_err(|_| unreadable())?;
        if !is_commit(&commit) {
            return Err(unreadable());
        }
        check_files(name, &siblings)?;
        let repository = self.repository(name);
        let is_there = |file: &str| siblings.iter().any(|sibling| sibling.rfilename == file);
        let mut tags = Vec::new();
        for (file, _) in FILES.into_iter().filter(|(file, _)| is_there(file)) {
            tags.push((file, fetch_blob(&client, &repository, (&commit, file), progress)?));
        }
        for (file, _) in FILES.into_iter().filter(|(file, _)| !is_there(file)) {
            repository.note_absent(&commit, file);
        }
        for (file, tag) in &tags {
            repository.link(&commit, file, tag)?;
        }
        let is_known = repository.commit_of(name.revision())?.is_some_and(|known| known == commit);
        if !is_known {
            repository.set_ref(name.revision(), &commit)?;
        }
        Ok(Snapshot { folder: repository.snapshot(&commit), name: name.at(&commit) })
    }

    /// The folder of the cache.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.settings.cache
    }

    pub(super) fn repository(&self, name: &HubName) -> Repository {
        Repository::new(&self.settings.cache, name)
    }
}

/// Refuses a model that could not be loaded before anything is fetched.
fn check_files(name: &HubName, siblings: &[Sibling]) -> Result<(), HubError> {
    let is_there = |file: &str| siblings.iter().any(|sibling| sibling.rfilename == file);
    let missing = FILES.iter().find(|(file, need)| *need == Need::Required && !is_there(file));
    let Some(&(file, _)) = missing else { return Ok(()) };
    let name = name.to_string();
    if file != "model.safetensors" {
        return Err(HubError::NoFile { name, file });
    }
    if is_there("model.safetensors.index.json") {
        return Err(HubError::Sharded { name });
    }
    let is_pickle = |name: &&String| name.starts_with("pytorch_model");
    match siblings.iter().map(|sibling| &sibling.rfilename).find(is_pickle) {
        Some(found) => Err(HubError::Pickle { name, found: found.clone() }),
        None => Err(HubError::NoFile { name, file }),
    }
}
