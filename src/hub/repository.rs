//! The folders of one model in the cache: blobs, refs and snapshots.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use hf_hub::{Cache, Repo, RepoType};
use serde::Deserialize;
use serde_json::Value;

use crate::hub::entity_tag::EntityTag;
use crate::hub::error::HubError;
use crate::hub::name::{HubName, is_commit};

/// The files that a model is loaded from, the optional ones first: the last one linked completes a snapshot.
pub(super) const FILES: [(&str, Need); 8] = [
    ("modules.json", Need::Optional),
    ("config_sentence_transformers.json", Need::Optional),
    ("sentence_bert_config.json", Need::Optional),
    ("tokenizer_config.json", Need::Optional),
    ("1_Pooling/config.json", Need::Optional),
    ("tokenizer.json", Need::Required),
    ("config.json", Need::Required),
    ("model.safetensors", Need::Required),
];

/// Whether a model needs a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// The content of `trees/COMMIT.json`.
#[derive(Deserialize)]
struct Listing {
    files: serde_json::Map<String, Value>,
}

/// The folders of one model in the cache.
pub(super) struct Repository {
    folder: PathBuf,
    locks: PathBuf,
    cache: Cache,
    name: String,
}

impl Repository {
    /// The folders of the model `name` in the cache at `cache`, which need not exist.
    pub(super) fn new(cache: &Path, name: &HubName) -> Self {
        let folder_name = Repo::model(name.repository().to_owned()).folder_name();
        Self {
            folder: cache.join(&folder_name),
            locks: cache.join(".locks").join(folder_name),
            cache: Cache::new(cache.to_owned()),
            name: name.repository().to_owned(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn locks(&self) -> &Path {
        &self.locks
    }

    pub(super) fn blob(&self, tag: &EntityTag) -> PathBuf {
        self.folder.join("blobs").join(tag.as_str())
    }

    /// The folder of all blobs, without links; none if it is missing.
    pub(super) fn blobs(&self) -> Option<PathBuf> {
        self.folder.join("blobs").canonicalize().ok()
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.cache.model(self.name.clone()).pointer_path(commit)
    }

    fn absent(&self, commit: &str, file: &str) -> PathBuf {
        self.folder.join(".no_exist").join(commit).join(file)
    }

    /// The last known commit of `revision`.
    pub(super) fn commit_of(&self, revision: &str) -> Result<Option<String>, HubError> {
        if is_commit(revision) {
            return Ok(Some(revision.to_owned()));
        }
        let path = self.folder.join("refs").join(revision);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|commit| is_commit(commit))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(HubError::at(&path)(error)),
        }
    }

    /// Whether a model can be loaded from the snapshot of `commit`.
    pub(super) fn is_loadable(&self, commit: &str) -> bool {
        let snapshot = self.snapshot(commit);
        FILES.iter().all(|&(file, need)| need == Need::Optional || snapshot.join(file).exists())
    }

    /// Whether every file of the snapshot of `commit` is present or known not to exist.
    pub(super) fn is_whole(&self, commit: &str) -> bool {
        let snapshot = self.snapshot(commit);
        let listing = self.listing(commit);
        let is_unlisted =
            |file: &str| listing.as_ref().is_some_and(|listing| !listing.files.contains_key(file));
        let is_known = |file: &str| {
            snapshot.join(file).exists() || self.absent(commit, file).exists() || is_unlisted(file)
        };
        self.is_loadable(commit) && FILES.iter().all(|&(file, _)| is_known(file))
    }

    /// The files of the repository at `commit`, if Python's `snapshot_download` left a valid listing.
    fn listing(&self, commit: &str) -> Option<Listing> {
        let json = fs::read(self.folder.join("trees").join(format!("{commit}.json"))).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Waits for the lock of the blob of `tag`, and holds it while the returned file is open.
    pub(super) fn lock(&self, tag: &EntityTag) -> Result<File, HubError> {
        let path = self.locks.join(format!("{}.lock", tag.as_str()));
        create_parent(&path)?;
        refuse_link(&path)?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(HubError::at(&path))?;
        match file.lock() {
            // Some network file systems have no locks.
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(HubError::at(&path)(error)),
            _ => Ok(file),
        }
    }

    /// Links `file` in the snapshot of `commit` to the blob of `tag`.
    pub(super) fn link(&self, commit: &str, file: &str, tag: &EntityTag) -> Result<(), HubError> {
        let path = self.snapshot(commit).join(file);
        create_parent(&path)?;
        let up = "../".repeat(1 + file.split('/').count());
        let target = PathBuf::from(format!("{up}blobs/{}", tag.as_str()));
        let blob = self.blob(tag);
        let points_to_blob = || path.canonicalize().ok() == blob.canonicalize().ok();
        let outcome = match link_file(&target, &blob, &path) {
            // Another process may be using the link, so a correct one is not replaced.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && points_to_blob() => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&path).and_then(|()| link_file(&target, &blob, &path))
            }
            outcome => outcome,
        };
        outcome.map_err(HubError::at(&path))
    }

    /// Records that the repository has no `file` at `commit`. Best effort: without the record, a later run asks again.
    pub(super) fn note_absent(&self, commit: &str, file: &str) {
        let path = self.absent(commit, file);
        let _ = create_parent(&path).map(|()| File::create_new(&path));
    }

    /// Records that `revision` is at `commit`.
    pub(super) fn set_ref(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        let repo = Repo::with_revision(self.name.clone(), RepoType::Model, revision.to_owned());
        let path = self.folder.join("refs").join(revision);
        refuse_link(&path)?;
        self.cache.repo(repo).create_ref(commit).map_err(HubError::at(&path))
    }
}

pub(super) fn create_parent(path: &Path) -> Result<(), HubError> {
    let parent = path.parent().expect("files of the cache are inside a folder");
    fs::create_dir_all(parent).map_err(HubError::at(parent))
}

/// Refuses a link at `path`: what is written there would be written elsewhere.
fn refuse_link(path: &Path) -> Result<(), HubError> {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let refused = || io::Error::new(ErrorKind::InvalidInput, "it is a link");
    if is_link { Err(HubError::at(path)(refused())) } else { Ok(()) }
}

/// Links `path` to `target`, the relative path of `blob`.
#[cfg(unix)]
fn link_file(target: &Path, _blob: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// Copies `blob`, because links need a privilege that most users lack.
#[cfg(not(unix))]
fn link_file(_target: &Path, blob: &Path, path: &Path) -> io::Result<()> {
    fs::copy(blob, path).map(drop)
}
