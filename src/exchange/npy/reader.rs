//! Reading an `.npy` file in portions of rows.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use half::f16;

use super::error::NpyError;
use super::header::{Header, Number};
use crate::vectors::{Dimension, UnitVectors};

const BUFFER_BYTES: usize = 1 << 20;

/// A checked matrix of rows x dimension, read from its first row to its last. A file of one dimension is one row.
#[derive(Debug)]
pub struct NpyReader<R> {
    reader: R,
    path: PathBuf,
    header: Header,
    next_row: u64,
    bytes: Vec<u8>,
}

impl NpyReader<BufReader<File>> {
    /// Opens the file at `path` and checks its header and length.
    ///
    /// # Errors
    ///
    /// Every [`NpyError`] except [`NpyError::NoDirection`].
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => NpyError::NotFound { path: path.to_owned() },
            _ => NpyError::Read { path: path.to_owned(), source },
        };
        // Checked before opening: opening a pipe would block until it has a writer.
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(NpyError::NotRegular { path: path.to_owned() });
        }
        let file = File::open(path).map_err(failed)?;
        Self::new(BufReader::with_capacity(BUFFER_BYTES, file), metadata.len(), path)
    }

    /// Opens the file at `path` as [`NpyReader::open`] does, but refuses an array of one dimension, which may be a
    /// matrix that lost its shape.
    ///
    /// # Errors
    ///
    /// As [`NpyReader::open`].
    pub fn open_matrix(path: &Path) -> Result<Self, NpyError> {
        let reader = Self::open(path)?;
        match reader.header.dimensions {
            2 => Ok(reader),
            dimensions => Err(NpyError::NotMatrix { path: path.to_owned(), dimensions }),
        }
    }
}

impl<R: Read> NpyReader<R> {
    /// Reads the header of a file of `length` bytes from its start; errors name `path`.
    ///
    /// # Errors
    ///
    /// As [`NpyReader::open`].
    pub fn new(mut reader: R, length: u64, path: &Path) -> Result<Self, NpyError> {
        let header = Header::read(&mut reader, length, path)?;
        Ok(Self { reader, path: path.to_owned(), header, next_row: 0, bytes: Vec::new() })
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.header.rows
    }

    /// The dimension of every row.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.header.dimension
    }

    /// The next rows, at most `most`, scaled to length 1 unless they have it already
    /// ([`normalize_unless_unit`](crate::vectors::normalize_unless_unit)); empty at the end. Float16 is widened first.
    ///
    /// # Errors
    ///
    /// [`NpyError::NoDirection`] and [`NpyError::Read`]; the reader cannot be used afterwards.
    pub fn next_rows(&mut self, most: usize) -> Result<UnitVectors, NpyError> {
        let rows = (self.header.rows - self.next_row).min(most as u64) as usize;
        let width = self.header.dimension.get();
        let row_bytes = width * self.header.number.bytes();
        self.bytes.resize(row_bytes, 0);
        let mut row = Vec::with_capacity(width);
        let mut vectors = UnitVectors::new(self.header.dimension);
        for _ in 0..rows {
            let read = self.reader.read_exact(&mut self.bytes);
            read.map_err(|source| NpyError::Read { path: self.path.clone(), source })?;
            row.clear();
            widen(self.header.number, &self.bytes, &mut row);
            vectors.push_keeping_unit(&row).map_err(|source| NpyError::NoDirection {
                path: self.path.clone(),
                row: self.next_row + 1,
                source,
            })?;
            self.next_row += 1;
        }
        Ok(vectors)
    }
}

/// Appends the numbers in `bytes`, exactly: float32 holds every float16.
fn widen(number: Number, bytes: &[u8], row: &mut Vec<f32>) {
    match number {
        Number::Float32 => {
            row.extend(bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)));
        }
        Number::Float16 => {
            row.extend(bytes.as_chunks::<2>().0.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()));
        }
    }
}
