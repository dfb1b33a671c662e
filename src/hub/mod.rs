//! Models of the hub: their names, the cache that they are kept in, and how they come there.
//!
//! [`Hub::find`] gives the folder of a model's files at one revision, from the cache without a request, or else from
//! the hub. The cache has the layout of Python's `huggingface_hub`, so that both share what either has fetched:
//!
//! ```text
//! .locks/models--ORG--NAME/ETAG.lock          held while the blob is fetched
//! models--ORG--NAME/blobs/ETAG                a file's bytes; ETAG.incomplete while they come in
//! models--ORG--NAME/refs/REVISION             the commit that a branch or tag was last seen at
//! models--ORG--NAME/snapshots/COMMIT/FILE     a link to the blob
//! models--ORG--NAME/.no_exist/COMMIT/FILE     the repository has no such file
//! models--ORG--NAME/trees/COMMIT.json         its files, as Python's `snapshot_download` lists them; read, not written
//! ```
//!
//! # Invariants
//!
//! - A blob has its name only once it is on the disk and its length and its digest are right, as far as the hub says them;
//!   a file that it says neither of is refused; the links of a snapshot
//!   come after all its blobs, the ref after the links. So what a snapshot links to is whole, whenever a run was cut.
//! - A token goes to the host of the endpoint, never to one that the hub redirects to.
//! - What the hub says becomes part of a path only after it was checked to be a digest or a plain name.

mod client;
mod digest;
mod download;
mod error;
mod fetch;
mod inventory;
mod name;
mod proxy;
mod repository;
mod settings;

pub use error::HubError;
pub use fetch::{Hub, Progress, Snapshot};
pub use inventory::{CachedModel, CheckedFile, FileState};
pub use name::HubName;
pub use proxy::Proxies;
pub use settings::{Access, HubSettings, Secret};
