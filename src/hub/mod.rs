//! Models of the Hugging Face hub: names, the local cache, and transfers.
//!
//! [`Hub::find`] returns the folder of a model's files at one revision: from the cache without a request, otherwise
//! from the hub. The cache has the layout of Python's `huggingface_hub`, so each program uses what the other fetched:
//!
//! ```text
//! .locks/models--ORG--NAME/ETAG.lock          locked while the blob is fetched
//! models--ORG--NAME/blobs/ETAG                the bytes of a file; ETAG.incomplete during the transfer
//! models--ORG--NAME/refs/REVISION             the last known commit of a branch or tag
//! models--ORG--NAME/snapshots/COMMIT/FILE     a link to the blob
//! models--ORG--NAME/.no_exist/COMMIT/FILE     the repository has no such file
//! models--ORG--NAME/trees/COMMIT.json         the listing of Python's `snapshot_download`; read, never written
//! ```
//!
//! # Invariants
//!
//! - A blob gets its name only once it is on the disk and has the length and the digest that the hub states. A file for
//!   which the hub states neither is refused.
//! - The links of a snapshot are made after all its blobs, and the ref after the links. So every file that a snapshot
//!   links to is complete, even if a run was interrupted.
//! - The token is sent to the host of the endpoint, never to a host that the hub redirects to.
//! - Text from the hub becomes part of a path only after it is verified to be a digest or a plain name.
//! - A file takes no more bytes than the hub states, than [`HubSettings::longest_file`], and than the disk has room for.
//! - Nothing is written through a link, and a blob is removed only from the folder of its own repository.

mod client;
mod download;
mod entity_tag;
mod error;
mod fetch;
mod inventory;
mod name;
mod progress;
mod repository;
mod room;
mod settings;

pub use error::HubError;
pub use fetch::{Hub, Snapshot};
pub use inventory::{CachedModel, CheckedFile, FileState};
pub use name::HubName;
pub use progress::Progress;
pub(crate) use room::LONGEST_JSON;
pub use settings::{Access, HubSettings};
