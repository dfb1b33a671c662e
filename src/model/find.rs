//! A model by its name.

use std::path::Path;

use super::{BUNDLED_NAME, ModelError, ModelFiles};
use crate::hub::{Hub, HubName, Progress, Snapshot};

impl ModelFiles {
    /// The files of the model `name`: a folder of that name, else the bundled model, whose name may omit the
    /// organization.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unknown`] if `name` is neither, or an error in the files.
    pub fn find(name: &str) -> Result<Self, ModelError> {
        if Path::new(name).is_dir() {
            return Self::from_folder(Path::new(name));
        }
        if Self::is_bundled(name) {
            return Self::bundled();
        }
        Err(ModelError::Unknown { name: name.to_owned(), bundled: BUNDLED_NAME })
    }

    /// The files of the model `name`, from the cache or else from `hub`. Their name includes the commit, so that an
    /// index finds the same files again.
    ///
    /// # Errors
    ///
    /// [`ModelError::Hub`] if they are unavailable, or an error in the files.
    pub fn from_hub(hub: &Hub, name: &HubName, progress: &mut dyn Progress) -> Result<Self, ModelError> {
        Self::from_snapshot(&hub.find(name, progress)?)
    }

    /// The files of a model in the cache of the hub.
    ///
    /// # Errors
    ///
    /// As [`ModelFiles::from_folder`].
    pub fn from_snapshot(snapshot: &Snapshot) -> Result<Self, ModelError> {
        let files = Self::from_folder(&snapshot.folder)?;
        Ok(Self { name: snapshot.name.to_string(), ..files })
    }
}
