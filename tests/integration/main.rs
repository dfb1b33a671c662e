//! Everything that is tested through the public API or the binary: one program, since each links the model.

mod architecture;
mod bad_input;
mod bundled_model;
mod corpus;
mod encoders;
mod exchange;
mod filters;
mod folder_models;
mod help;
mod incremental;
mod index;
mod search;
mod support;
mod upkeep;
