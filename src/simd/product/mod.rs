//! Products of activations and weights.

mod linear;
mod multiply;
mod panels;
mod tile;

pub(crate) use linear::for_each_step;
pub use linear::{Linear, Store, Threads};
pub(crate) use multiply::OutputPointer;
pub(crate) use panels::source_row;
pub(crate) use tile::{Finish, Target, tiles};
