//! The model inside the binary; README.md in this folder has the source of its files.

mod files;
mod name;

pub use name::BUNDLED_NAME;
