//! Entity tags of the hub, and the digests that they stand for.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest as _;

/// The tag that the hub gives a file. It names the blob in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntityTag(String);

/// Bytes that are hashed at a time.
const CHUNK: usize = 1 << 18;

/// The length of a SHA-512 in hexadecimal; no known hub has longer tags.
const MAXIMUM_LENGTH: usize = 128;

impl EntityTag {
    /// Parses a header, `"TAG"` or `W/"TAG"`. None if the tag is not safe as a file name.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let tag = header.trim().trim_start_matches("W/").trim_matches('"');
        let plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (plain && !tag.is_empty() && tag.len() <= MAXIMUM_LENGTH).then(|| Self(tag.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the tag is a digest of the bytes.
    pub(super) fn is_digest(&self) -> bool {
        matches!(self.0.len(), 40 | 64) && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// Computes the digest of the file at `path` that corresponds to this tag: SHA-256 for a large file, the git object
    /// id for a small one. None if the tag is neither.
    pub(super) fn digest(&self, path: &Path) -> io::Result<Option<String>> {
        if !self.is_digest() {
            return Ok(None);
        }
        if self.0.len() == 64 {
            return hash(path, sha2::Sha256::new()).map(Some);
        }
        let length = path.metadata()?.len();
        hash(path, sha1::Sha1::new_with_prefix(format!("blob {length}\0"))).map(Some)
    }
}

fn hash<D: sha2::Digest>(path: &Path, mut hasher: D) -> io::Result<String> {
    use std::fmt::Write;
    let mut file = File::open(path)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            length => hasher.update(&chunk[..length]),
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of_hello(tag: &str) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("file");
        std::fs::write(&path, "hello\n").expect("the folder is writable");
        EntityTag::parse(tag).expect("a tag").digest(&path).expect("the file is readable")
    }

    #[test]
    fn a_tag_of_64_digits_is_a_sha_256_and_one_of_40_a_git_object() {
        // Of `sha256sum` and `git hash-object`.
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let object = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(digest_of_hello(&format!("\"{sha256}\"")), Some(sha256.to_owned()));
        assert_eq!(digest_of_hello(&format!("W/\"{object}\"")), Some(object.to_owned()));
        assert_eq!(digest_of_hello("another"), None);
    }

    #[test]
    fn a_tag_that_is_not_a_plain_name_is_rejected() {
        for header in ["", "\"\"", "\"../x\"", "\"a/b\"", "\".\"", "\"a b\"", &"x".repeat(200)] {
            assert_eq!(EntityTag::parse(header), None, "{header}");
        }
    }
}
