//! The flags of models of services.

use std::num::NonZeroUsize;

use clap::Args;

use crate::cli::args::values::{at_least_one, dollars};

/// How models of services are used, and what they may cost.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Models of services (openai:NAME, voyage:NAME, URL#NAME)")]
pub(crate) struct ServiceArguments {
    /// Send up to N requests at a time [default: 4]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) concurrency: Option<NonZeroUsize>,
    /// Ask before this run costs more, and stop where nobody can be asked
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) max_cost: Option<f64>,
    /// The price of a million tokens [default: the documented one of OpenAI or Voyage]
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) price: Option<f64>,
}
