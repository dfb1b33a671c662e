//! The settings of an index: its model, and how its rows are stored.

use std::fmt;

use crate::embedding::ModelDescription;
use crate::vectors::Dimension;

/// A random number that ties the files of an index together; shown as a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IndexId([u8; 16]);

impl IndexId {
    /// An id of 16 random bytes, with the version and variant bits of a random UUID (RFC 9562, section 5.4)
    /// set.
    pub(crate) const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The id that [`fmt::Display`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: Vec<char> = text.chars().filter(|&character| character != '-').collect();
        let number = u128::from_str_radix(&String::from_iter(digits), 16).ok()?;
        let id = Self(number.to_be_bytes());
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for IndexId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// How the components of the rows are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// IEEE 754 binary32.
    Float32,
}

impl Precision {
    /// The name in the catalog.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "f32",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        (name == Self::Float32.name()).then_some(Self::Float32)
    }
}

/// The model of an index and how its rows are stored: fixed when the index is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The model, and how it embedded documents.
    pub model: ModelDescription,
    /// How the components of the rows are stored.
    pub precision: Precision,
}

impl Settings {
    /// Rows of float32 that `model` computed.
    #[must_use]
    pub const fn new(model: ModelDescription) -> Self {
        Self { model, precision: Precision::Float32 }
    }

    /// The number of components of a vector.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.model.dimension
    }
}
