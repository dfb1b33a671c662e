//! From a name to the folder of a model's files.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::client::{Client, senseless};
use super::download::fetch_blob;
use super::name::is_commit;
use super::repository::{FILES, Need, Repository};
use super::{Access, HubError, HubName, HubSettings};

/// The hub, and the cache of what came from it.
#[derive(Debug, Clone)]
pub struct Hub {
    pub(super) settings: HubSettings,
}

/// A model's files at one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The model at its commit: the name by which the very same files are found again.
    pub name: HubName,
    /// The folder of the files.
    pub folder: PathBuf,
}

/// Is told how a download goes on.
pub trait Progress {
    /// `file` comes next, of which `from` bytes are at hand already and which has `total`, if that is known.
    fn begin(&mut self, file: &str, from: u64, total: Option<u64>);

    /// `bytes` more of the present file have come.
    fn advance(&mut self, bytes: u64);
}

/// Tells nobody.
impl Progress for () {
    fn begin(&mut self, _file: &str, _from: u64, _total: Option<u64>) {}

    fn advance(&mut self, _bytes: u64) {}
}

/// What the hub says of a model at a revision.
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
    /// The hub under `settings`.
    #[must_use]
    pub const fn new(settings: HubSettings) -> Self {
        Self { settings }
    }

    /// The files of `name`: those in the cache, without a request, or else those of the hub, which are then there.
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

    /// The files of `name` in the cache, of the commit that its branch or tag was last seen at, if they are whole.
    ///
    /// Another program may have left out files that a model may lack; without requests they are done without.
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

    /// The files of `name` as the hub has them now; only those that the cache lacks are fetched.
    ///
    /// # Errors
    ///
    /// A [`HubError`] where the hub does not give them whole, or the cache does not take them.
    pub fn fetch(&self, name: &HubName, progress: &mut dyn Progress) -> Result<Snapshot, HubError> {
        if self.settings.access == Access::Offline {
            return Err(HubError::RequestsOff { name: name.to_string() });
        }
        let client = Client::new(&self.settings, name)?;
        let description = client.description()?;
        let unreadable = || senseless(client.address(), "it describes no model");
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

/// A model that cannot be loaded is refused before anything is fetched.
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
