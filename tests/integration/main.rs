//! Everything that is tested through the public API or the binary: one program, since each links the model.

mod analysis;
mod architecture;
mod bad_input;
mod bundled_model;
mod corpus;
mod encode;
mod encoders;
mod exchange;
mod families;
mod filters;
mod folder_models;
mod help;
mod incremental;
mod index;
mod info;
mod model_choice;
mod search;
mod similarity;
mod support;
mod upkeep;
