//! The size and the digest of a source, taken while it is read.

use std::fmt;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::facts::ContentFacts;

/// Counts and hashes all bytes read through it.
pub(super) struct MeasuredReader {
    reader: Box<dyn Read + Send>,
    hasher: Sha256,
    bytes: u64,
}

impl MeasuredReader {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self { reader, hasher: Sha256::new(), bytes: 0 }
    }

    pub(super) const fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// Reads the rest, so that the facts cover the whole content.
    pub(super) fn finish(mut self) -> io::Result<ContentFacts> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(ContentFacts { bytes: self.bytes, sha256: self.hasher.finalize().into() })
    }
}

impl Read for MeasuredReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl fmt::Debug for MeasuredReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MeasuredReader").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
