//! Matrices in NumPy's `.npy` files, row by row.
//!
//! The format, versions 1.0 to 3.0: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. This
//! module reads C-ordered arrays of one or two dimensions of little-endian float32 or float16, and writes version 1.0,
//! float32.
//!
//! Files are not trusted: every size is checked before memory is allocated, and the length of the file must match its
//! header.

mod error;
mod header;
mod literal;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{HeaderFault, NpyError};
pub use reader::NpyReader;
pub use writer::NpyWriter;
