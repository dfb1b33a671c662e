//! The files of a model on the hub.

use crate::hub::{Hub, HubName, Progress, Snapshot};

use super::{ModelError, ModelFiles};

impl ModelFiles {
    /// The files of the model `name`, from the cache or else from `hub`. Their name has the commit, so that an index
    /// finds the very same files again.
    ///
    /// # Errors
    ///
    /// [`ModelError::Hub`] where they are not to be had, or whatever is wrong with them.
    pub fn from_hub(hub: &Hub, name: &HubName, progress: &mut dyn Progress) -> Result<Self, ModelError> {
        Self::from_snapshot(&hub.find(name, progress)?)
    }

    /// The files of a model that is in the cache.
    ///
    /// # Errors
    ///
    /// As [`ModelFiles::from_folder`].
    pub fn from_snapshot(snapshot: &Snapshot) -> Result<Self, ModelError> {
        let files = Self::from_folder(&snapshot.folder)?;
        Ok(Self { name: snapshot.name.to_string(), ..files })
    }
}
