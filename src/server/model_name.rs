//! The names of models in requests and answers, which give no path of the server away.

use std::ffi::OsStr;
use std::path::Path;

/// The name of a model in requests and answers: that of the hub, or the last part of a path.
pub(super) fn public_name(name: &str) -> &str {
    let path = Path::new(name);
    let is_path = path.is_absolute() || path.starts_with(".") || path.starts_with("..");
    path.file_name().filter(|_| is_path).and_then(OsStr::to_str).unwrap_or(name)
}

/// Whether a request means the model `served` by `name`: its whole name or its last part.
pub(super) fn is_name_of(name: &str, served: &str) -> bool {
    name == served || served.rsplit('/').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_their_last_part() {
        assert_eq!(public_name("BAAI/bge-small-en-v1.5"), "BAAI/bge-small-en-v1.5");
        assert_eq!(public_name("/home/ann/models/tiny"), "tiny");
        assert_eq!(public_name("./tiny"), "tiny");
    }
}
