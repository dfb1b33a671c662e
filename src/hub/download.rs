//! One file from the hub into the cache: resumed where an earlier run was cut, and checked before it has its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use ureq::http::{Response, StatusCode};
use ureq::{Body, Error};

use super::client::{Client, Located, header, host, senseless};
use super::digest::EntityTag;
use super::repository::{Repository, create_parent};
use super::{HubError, Progress};

/// How often a file is begun or resumed before the user is told.
const ATTEMPTS: usize = 3;

/// Bytes that are read at a time.
const PORTION: usize = 1 << 17;

/// Sees to it that the blob of `file` at `commit` is in the cache, and returns its tag.
pub(super) fn fetch_blob(
    client: &Client<'_>,
    repository: &Repository,
    (commit, file): (&str, &str),
    progress: &mut dyn Progress,
) -> Result<EntityTag, HubError> {
    let located = client.locate(commit, file)?;
    let tag = located.tag.clone();
    let blob = repository.blob(&tag);
    if located.is_at(&blob)? {
        return Ok(tag);
    }
    create_parent(&blob)?;
    let lock = repository.lock(&tag)?;
    // Whoever held the lock may have fetched it.
    if !located.is_at(&blob)? {
        let incomplete = blob.with_file_name(format!("{}.incomplete", tag.as_str()));
        Transfer { client, file, located, incomplete }.run(progress)?.keep_as(&blob)?;
    }
    drop(lock);
    Ok(tag)
}

impl Located {
    /// Whether the file's bytes are at `blob`, as far as the hub says what they are.
    fn is_at(&self, blob: &Path) -> Result<bool, HubError> {
        let length = match blob.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(HubError::at(blob)(error)),
        };
        if self.size.is_some_and(|size| size != length) {
            return Ok(false);
        }
        let found = self.tag.digest(blob).map_err(HubError::at(blob))?;
        Ok(found.is_none_or(|found| found == self.tag.as_str()))
    }
}

struct Transfer<'a> {
    client: &'a Client<'a>,
    file: &'a str,
    located: Located,
    incomplete: PathBuf,
}

/// A file whose bytes are right.
struct Checked(PathBuf);

impl Checked {
    fn keep_as(self, blob: &Path) -> Result<(), HubError> {
        fs::rename(&self.0, blob).map_err(HubError::at(blob))?;
        // Only then does the name outlast a loss of power.
        let folder = blob.parent().expect("a blob is in a folder");
        if cfg!(unix) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(HubError::at(folder))
        } else {
            Ok(())
        }
    }
}

impl Transfer<'_> {
    fn run(mut self, progress: &mut dyn Progress) -> Result<Checked, HubError> {
        let mut attempts = 1;
        loop {
            let from = self.bytes_at_hand()?;
            let outcome = self.receive(from, progress).and_then(|()| self.check());
            match outcome {
                Ok(()) => return Ok(Checked(self.incomplete)),
                Err(HubError::Cut { .. }) if attempts < ATTEMPTS => {}
                // The part that an earlier run left may be what is wrong.
                Err(HubError::WrongBytes { .. }) if from > 0 && attempts < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
            attempts += 1;
        }
    }

    /// Bytes that an earlier attempt left, of any use.
    fn bytes_at_hand(&self) -> Result<u64, HubError> {
        let length = match self.incomplete.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(HubError::at(&self.incomplete)(error)),
        };
        Ok(if self.located.size.is_some_and(|size| length > size) { 0 } else { length })
    }

    /// Receives what comes after the first `from` bytes.
    fn receive(&mut self, from: u64, progress: &mut dyn Progress) -> Result<(), HubError> {
        if from > 0 && self.located.size == Some(from) {
            return Ok(());
        }
        let answer = match self.located.answer.take() {
            Some(answer) if from == 0 => answer,
            _ => self.client.open(&self.located.address, from)?,
        };
        let from = match answer.status() {
            StatusCode::PARTIAL_CONTENT if starts_at(&answer, from) => from,
            StatusCode::PARTIAL_CONTENT => {
                return Err(senseless(&self.located.address, "it sends another part than was asked for"));
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.discard()?;
                return Err(self.cut(0));
            }
            _ => 0,
        };
        let mut output = OpenOptions::new();
        let output = output.create(true).append(from > 0).write(true).truncate(from == 0);
        let mut output = output.open(&self.incomplete).map_err(HubError::at(&self.incomplete))?;
        progress.begin(self.file, from, self.located.size);
        self.copy(answer, &mut output, from, progress)?;
        output.sync_all().map_err(HubError::at(&self.incomplete))
    }

    fn copy(
        &self,
        mut answer: Response<Body>,
        output: &mut File,
        from: u64,
        progress: &mut dyn Progress,
    ) -> Result<(), HubError> {
        let mut reader = answer.body_mut().as_reader();
        let mut portion = vec![0; PORTION];
        let mut received = from;
        // A host that sends without end does not fill the disk.
        while self.located.size.is_none_or(|size| received <= size) {
            let length = match reader.read(&mut portion) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) => return Err(self.broken(error, received)),
            };
            output.write_all(&portion[..length]).map_err(HubError::at(&self.incomplete))?;
            received += length as u64;
            progress.advance(length as u64);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), HubError> {
        let path = &self.incomplete;
        let length = path.metadata().map_err(HubError::at(path))?.len();
        if self.located.size.is_some_and(|size| length < size) {
            return Err(self.cut(length));
        }
        let wrong = match self.located.size {
            Some(size) if length > size => Some((size.to_string(), format!("more than {size} bytes"))),
            _ => {
                let found = self.located.tag.digest(path).map_err(HubError::at(path))?;
                found.map(|found| (self.located.tag.as_str().to_owned(), found))
            }
        };
        match wrong {
            Some((expected, found)) if expected != found => {
                self.discard()?;
                let (file, host) = (self.file.to_owned(), host(&self.located.address));
                Err(HubError::WrongBytes { file, host, expected, found })
            }
            _ => Ok(()),
        }
    }

    fn discard(&self) -> Result<(), HubError> {
        fs::remove_file(&self.incomplete).map_err(HubError::at(&self.incomplete))
    }

    fn broken(&self, error: io::Error, received: u64) -> HubError {
        match Error::from(error) {
            error @ Error::Timeout(_) => self.client.broken(&self.located.address, error),
            _ => self.cut(received),
        }
    }

    fn cut(&self, received: u64) -> HubError {
        let (file, host) = (self.file.to_owned(), host(&self.located.address));
        HubError::Cut { file, host, received, expected: self.located.size }
    }
}

/// Whether an answer's `Content-Range` begins at the byte `from`.
fn starts_at(answer: &Response<Body>, from: u64) -> bool {
    let range = header(answer, "content-range").and_then(|range| range.strip_prefix("bytes "));
    range.and_then(|range| range.split_once('-')).is_some_and(|(first, _)| first.parse() == Ok(from))
}
