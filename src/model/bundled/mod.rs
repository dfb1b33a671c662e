//! The model inside the binary; README.md beside this file says where its files come from.

mod files;
mod name;

pub use name::BUNDLED_NAME;
