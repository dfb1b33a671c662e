//! A buffered reader with lookahead beyond one block.

use std::io::{self, BufRead, Read};

/// Large reads limit the system calls for a gigabyte to a few thousand.
const BLOCK_BYTES: usize = 256 * 1024;

/// Like [`std::io::BufReader`], with a buffer that grows on request.
#[derive(Debug)]
pub(super) struct LookaheadReader<R> {
    source: R,
    /// Bytes of the source from `start` to `end`; the rest is room.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<R: Read> LookaheadReader<R> {
    pub(super) fn new(source: R) -> Self {
        // The system allocates zeroed pages when they are touched, so a small source takes only its size.
        Self { source, buffer: vec![0; BLOCK_BYTES], start: 0, end: 0 }
    }

    pub(super) const fn source(&self) -> &R {
        &self.source
    }

    pub(super) fn into_source(self) -> R {
        self.source
    }

    /// The bytes in memory that are not consumed.
    pub(super) fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads more after the buffered bytes. Returns the number of bytes that were added; 0 at the end of the source.
    pub(super) fn extend(&mut self) -> io::Result<usize> {
        self.make_room();
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end < self.buffer.len() {
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        } else {
            self.buffer.resize(self.buffer.len() + BLOCK_BYTES, 0);
        }
    }
}

impl<R: Read> Read for LookaheadReader<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.buffered().is_empty() && target.len() >= BLOCK_BYTES {
            return self.source.read(target);
        }
        let read = self.fill_buf()?.read(target)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for LookaheadReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered().is_empty() {
            self.extend()?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns three bytes at a time.
    struct Threes(&'static [u8]);

    impl Read for Threes {
        fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
            let read = self.0.len().min(target.len()).min(3);
            target[..read].copy_from_slice(&self.0[..read]);
            self.0 = &self.0[read..];
            Ok(read)
        }
    }

    #[test]
    fn the_view_grows_on_request_and_nothing_is_lost() {
        let mut reader = LookaheadReader::new(Threes(b"abcdefgh"));
        assert_eq!(reader.fill_buf().unwrap(), b"abc");
        reader.consume(1);
        assert_eq!((reader.extend().unwrap(), reader.buffered()), (3, &b"bcdef"[..]));
        assert_eq!((reader.extend().unwrap(), reader.buffered()), (2, &b"bcdefgh"[..]));
        assert_eq!((reader.extend().unwrap(), reader.buffered()), (0, &b"bcdefgh"[..]));
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"bcdefgh");
        assert_eq!(reader.fill_buf().unwrap(), b"");
    }
}
