//! The header of an `.npy` file: magic, version, length, dictionary.
//!
//! | bytes | content |
//! | --- | --- |
//! | 6 | `\x93NUMPY` |
//! | 2 | major and minor version |
//! | 2 (version 1) or 4 | length of the dictionary, little-endian |
//! | that many | the dictionary, padded with spaces so that the rows begin at a multiple of 64, and a line end |

use std::io::{self, Read};
use std::path::Path;

use super::error::{HeaderFault, NpyError};
use super::literal::{Description, Order};
use crate::vectors::Dimension;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
const ALIGNMENT: usize = 64;
/// NumPy writes about 120 bytes for a matrix, and refuses by default to read more than 10,000.
const LONGEST: u32 = 65_536;

/// The type of the numbers in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Float16,
    Float32,
}

impl Number {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Float16 => 2,
            Self::Float32 => 4,
        }
    }
}

/// The shape and type of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: Number,
    /// 1 for a single row, 2 for a matrix.
    pub(super) dimensions: usize,
    pub(super) rows: u64,
    pub(super) dimension: Dimension,
}

impl Header {
    /// Reads the header from the start of a file of `length` bytes.
    pub(super) fn read(reader: &mut impl Read, length: u64, path: &Path) -> Result<Self, NpyError> {
        let (description, data_start) = read_description(reader, path)?;
        let header = Self::check(description, path)?;
        let promised = u128::from(data_start) + header.data_bytes();
        if promised == u128::from(length) {
            Ok(header)
        } else {
            Err(NpyError::Length { path: path.to_owned(), found: length, promised })
        }
    }

    /// The length of all rows in bytes: three factors of at most 64, 17 and 3 bits.
    fn data_bytes(&self) -> u128 {
        u128::from(self.rows) * (self.dimension.get() * self.number.bytes()) as u128
    }

    fn check(description: Description, path: &Path) -> Result<Self, NpyError> {
        let path = || path.to_owned();
        let Description { descr, order, shape } = description;
        let number = match descr.as_str() {
            "<f4" => Number::Float32,
            "<f2" => Number::Float16,
            _ => return Err(NpyError::Type { path: path(), found: shown(&descr) }),
        };
        let (rows, components) = match *shape.as_slice() {
            [components] => (1, components),
            [rows, components] => (rows, components),
            _ => return Err(NpyError::NotMatrix { path: path(), dimensions: shape.len() }),
        };
        let dimension = usize::try_from(components).ok().and_then(Dimension::new);
        let dimension = dimension.ok_or_else(|| NpyError::Width { path: path(), components })?;
        // One row or one column is the same in both orders.
        if order == Order::Fortran && rows > 1 && components > 1 {
            return Err(NpyError::FortranOrder { path: path() });
        }
        Ok(Self { number, dimensions: shape.len(), rows, dimension })
    }
}

/// The dictionary, and the offset of the first row.
fn read_description(reader: &mut impl Read, path: &Path) -> Result<(Description, u64), NpyError> {
    let fault = |fault| NpyError::Header { path: path.to_owned(), fault };
    let within = |source: io::Error| match source.kind() {
        io::ErrorKind::UnexpectedEof => fault(HeaderFault::CutShort),
        _ => NpyError::Read { path: path.to_owned(), source },
    };
    let mut magic = [0; 6];
    reader.read_exact(&mut magic).map_err(|source| match source.kind() {
        io::ErrorKind::UnexpectedEof => NpyError::Magic { path: path.to_owned() },
        _ => NpyError::Read { path: path.to_owned(), source },
    })?;
    if magic != *MAGIC {
        return Err(NpyError::Magic { path: path.to_owned() });
    }
    let [major, minor] = read_array(reader).map_err(within)?;
    let (length, length_bytes) = match (major, minor) {
        (1, 0) => (u16::from_le_bytes(read_array(reader).map_err(within)?).into(), 2),
        (2 | 3, 0) => (u32::from_le_bytes(read_array(reader).map_err(within)?), 4),
        _ => return Err(NpyError::Version { path: path.to_owned(), major, minor }),
    };
    if length > LONGEST {
        return Err(fault(HeaderFault::TooLong { length }));
    }
    let mut text = vec![0; length as usize];
    reader.read_exact(&mut text).map_err(within)?;
    let description = Description::parse(&text).map_err(fault)?;
    Ok((description, (MAGIC.len() + 2 + length_bytes) as u64 + u64::from(length)))
}

fn read_array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The start of a type's name without control characters, short enough for a message.
fn shown(descr: &str) -> String {
    const MOST: usize = 40;
    descr.chars().filter(|character| !character.is_control()).take(MOST).collect()
}

/// The header of version 1.0 for a float32 matrix in C order.
pub(super) fn encode(rows: u64, dimension: Dimension) -> Vec<u8> {
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    let before = MAGIC.len() + 4;
    let padding = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - (before + text.len() + 1);
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let length = u16::try_from(text.len()).expect("two numbers fit into a short header");
    [MAGIC, [1, 0].as_slice(), &length.to_le_bytes(), text.as_bytes()].concat()
}
