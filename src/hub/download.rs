//! Downloads one file into the cache: resumed where an earlier run stopped, verified before it gets its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ureq::http::{Response, StatusCode};
use ureq::{Body, Error};

use crate::http::host;
use crate::hub::client::{Client, Located, header, invalid_answer};
use crate::hub::entity_tag::EntityTag;
use crate::hub::error::HubError;
use crate::hub::progress::Progress;
use crate::hub::repository::{Repository, create_parent};
use crate::hub::room::{Fit, Room, longest_of};

/// Attempts to fetch a file, the first included.
const ATTEMPTS: usize = 3;

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 17;

/// Fetches `file` at `commit` unless its blob is in the cache, and returns its tag.
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
    // Another process may have fetched it while this one waited for the lock.
    if !located.is_at(&blob)? {
        let incomplete = blob.with_file_name(format!("{}.incomplete", tag.as_str()));
        Transfer { client, file, located, incomplete }.run(progress)?.keep_as(&blob)?;
    }
    drop(lock);
    Ok(tag)
}

impl Located {
    /// Whether `blob` has the length and the digest that the hub states.
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

/// The download of one file.
struct Transfer<'a> {
    client: &'a Client<'a>,
    file: &'a str,
    located: Located,
    incomplete: PathBuf,
}

/// The path of a file whose bytes were verified.
struct Verified(PathBuf);

impl Verified {
    fn keep_as(self, blob: &Path) -> Result<(), HubError> {
        fs::rename(&self.0, blob).map_err(HubError::at(blob))?;
        // Without this, the rename may be lost in a power failure.
        let folder = blob.parent().expect("a blob is in a folder");
        if cfg!(unix) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(HubError::at(folder))
        } else {
            Ok(())
        }
    }
}

impl Transfer<'_> {
    fn run(mut self, progress: &mut dyn Progress) -> Result<Verified, HubError> {
        let mut attempts = 1;
        loop {
            let from = self.resumable_bytes()?;
            let outcome = self.receive(from, progress).and_then(|()| self.check());
            match outcome {
                Ok(()) => return Ok(Verified(self.incomplete)),
                Err(HubError::Cut { .. }) if attempts < ATTEMPTS => {}
                // The partial file of an earlier run may be damaged.
                Err(HubError::WrongBytes { .. }) if from > 0 && attempts < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
            attempts += 1;
        }
    }

    /// Bytes from an earlier attempt that the transfer can continue from.
    fn resumable_bytes(&self) -> Result<u64, HubError> {
        let length = match self.incomplete.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                // Nothing is written through a link.
                self.discard()?;
                0
            }
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(HubError::at(&self.incomplete)(error)),
        };
        let longest = longest_of(self.file, self.client.longest_file());
        Ok(if length > self.located.size.unwrap_or(longest) { 0 } else { length })
    }

    /// Receives everything after the first `from` bytes.
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
                return Err(invalid_answer(
                    &self.located.address,
                    "it sends a different range than requested",
                ));
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                self.discard()?;
                return Err(self.cut(0));
            }
            _ => 0,
        };
        let most = self.most_bytes(&answer, from)?;
        let mut output = OpenOptions::new();
        let output = output.create(true).append(from > 0).write(true).truncate(from == 0);
        let mut output = output.open(&self.incomplete).map_err(HubError::at(&self.incomplete))?;
        progress.begin(self.file, from, self.located.size);
        self.copy(answer, &mut output, from..most.saturating_add(1), progress)?;
        output.sync_all().map_err(HubError::at(&self.incomplete))?;
        self.check_length(most)
    }

    /// The bytes that the file may have, of which `from` are present and `answer` has the others.
    fn most_bytes(&self, answer: &Response<Body>, from: u64) -> Result<u64, HubError> {
        let announced = answer.body().content_length().map(|length| from.saturating_add(length));
        let size = self.located.size.or(announced);
        let room = self.room();
        match room.fit(size, from) {
            Fit::UpTo(most) => Ok(most),
            Fit::TooLong => Err(self.too_long(room.longest)),
            Fit::NoRoom(free) => Err(self.no_room(free, size.map(|size| size - from))),
        }
    }

    /// Refuses a file that has more than `most` bytes where the hub states no length; [`Transfer::check`] does where it
    /// states one.
    fn check_length(&self, most: u64) -> Result<(), HubError> {
        let length = self.incomplete.metadata().map_err(HubError::at(&self.incomplete))?.len();
        if self.located.size.is_some() || length <= most {
            return Ok(());
        }
        self.discard()?;
        let longest = self.room().longest;
        Err(if most == longest { self.too_long(longest) } else { self.no_room(most, None) })
    }

    fn room(&self) -> Room {
        let folder = self.incomplete.parent().expect("a blob is in a folder");
        Room::of(self.file, folder, self.client.longest_file())
    }

    fn too_long(&self, limit: u64) -> HubError {
        HubError::TooLong { file: self.file.to_owned(), host: host(&self.located.address), limit }
    }

    fn no_room(&self, room: u64, needed: Option<u64>) -> HubError {
        let folder = self.incomplete.parent().expect("a blob is in a folder").to_owned();
        HubError::NoRoom { file: self.file.to_owned(), folder, room, needed }
    }

    /// Appends the bytes of `answer`, which are at `range`; the host may send more.
    fn copy(
        &self,
        mut answer: Response<Body>,
        output: &mut File,
        range: Range<u64>,
        progress: &mut dyn Progress,
    ) -> Result<(), HubError> {
        // The bound keeps a host that never stops sending from filling the disk.
        let mut reader = answer.body_mut().as_reader().take(range.end.saturating_sub(range.start));
        let mut chunk = vec![0; CHUNK];
        let mut received = range.start;
        loop {
            let length = match reader.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) => return Err(self.broken(error, received)),
            };
            output.write_all(&chunk[..length]).map_err(HubError::at(&self.incomplete))?;
            received += length as u64;
            progress.advance(length as u64);
        }
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

/// Whether the `Content-Range` of `answer` begins at the byte `from`.
fn starts_at(answer: &Response<Body>, from: u64) -> bool {
    let range = header(answer, "content-range").and_then(|range| range.strip_prefix("bytes "));
    range.and_then(|range| range.split_once('-')).is_some_and(|(first, _)| first.parse() == Ok(from))
}
