//! Products of activations and weights.

mod linear;
mod multiply;
mod output_pointer;
mod panels;
mod steps;
mod store;
mod tile;

pub use linear::Linear;
pub(crate) use output_pointer::OutputPointer;
pub(crate) use panels::source_row;
pub use steps::Threads;
pub(crate) use steps::for_each_step;
pub use store::Store;
pub(crate) use tile::{Finish, Target, tiles};
