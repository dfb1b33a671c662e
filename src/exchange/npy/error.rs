//! Errors of an `.npy` file.

use std::io;
use std::path::PathBuf;

use crate::vectors::{Dimension, NoDirection};

/// Why an `.npy` file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// There is no such file.
    #[error("no file {}", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// A folder, a pipe or a device. The length of the file must be known, and it is read twice.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The file does not begin with the magic bytes.
    #[error("{} is not an .npy file", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
    },
    /// A version of the format after 3.0.
    #[error("{} has version {major}.{minor} of the .npy format; versions 1.0 to 3.0 are read", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The first number of the version.
        major: u8,
        /// The second number of the version.
        minor: u8,
    },
    /// The header is invalid.
    #[error("{} has an invalid .npy header: {fault}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The fault, which is part of the message and therefore not a source.
        fault: HeaderFault,
    },
    /// Numbers of another type than little-endian float32 or float16.
    #[error("{} holds numbers of type '{found}'; only float32 ('<f4') and float16 ('<f2') are read", path.display())]
    Type {
        /// The file.
        path: PathBuf,
        /// NumPy's name of the type, cut to a line.
        found: String,
    },
    /// A matrix that is stored column by column.
    #[error("{} is stored in Fortran order, column by column", path.display())]
    FortranOrder {
        /// The file.
        path: PathBuf,
    },
    /// An array that is not a matrix, or, where a single row is accepted, neither a matrix nor a row.
    #[error("{} is a {dimensions}-dimensional array, not a matrix", path.display())]
    NotMatrix {
        /// The file.
        path: PathBuf,
        /// The length of the shape.
        dimensions: usize,
    },
    /// Rows without components, or with more components than an index can store.
    #[error("{} has rows of {components} components; 1 to {most} are possible", path.display(), most = Dimension::MAX)]
    Width {
        /// The file.
        path: PathBuf,
        /// The number of components in the header.
        components: u64,
    },
    /// The file is shorter than its header states, or has extra bytes after the matrix.
    #[error("{} has {found} bytes where its header promises {promised}: it was cut short or damaged", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// The length of the file in bytes.
        found: u64,
        /// The length that follows from the header, in bytes.
        promised: u128,
    },
    /// A row that cannot be scaled to length 1.
    #[error("row {row} of {} cannot be used", path.display())]
    NoDirection {
        /// The file.
        path: PathBuf,
        /// The row, counted from 1 as in ids.
        row: u64,
        /// The reason.
        source: NoDirection,
    },
}

/// The fault in the header of an `.npy` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The file ends before its header does.
    #[error("the file ends within it")]
    CutShort,
    /// The header claims to be longer than any matrix needs.
    #[error("it claims to have {length} bytes")]
    TooLong {
        /// The claimed length in bytes.
        length: u32,
    },
    /// It is not the Python dictionary that the format requires.
    #[error("it is not a Python dictionary of 'descr', 'fortran_order' and 'shape' (byte {position})")]
    Syntax {
        /// Where parsing failed, in bytes from the start of the dictionary.
        position: usize,
    },
    /// The matrix is larger than any file can be.
    #[error("its shape is larger than any file")]
    ShapeOverflow,
}
