//! Everything that is tested through the public API or the binary: one program, since each links the model.

mod analogy;
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
mod hub;
mod identity;
mod incremental;
mod index;
mod index_versions;
mod info;
mod model_choice;
mod precision;
mod search;
mod similarity;
mod support;
mod upkeep;
