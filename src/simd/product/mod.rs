//! Products of activations and weights.

mod linear;
mod multiply;
mod panels;
mod tile;

pub use linear::{Linear, Store, Threads};
pub(crate) use tile::{Finish, Target, tiles};
