//! The flags of models of services, which builds without the feature `providers` lack.

#[cfg(feature = "providers")]
use std::num::NonZeroUsize;

use clap::Args;

#[cfg(feature = "providers")]
use crate::cli::args::values::{dollars, request_count};

/// How models of services are used, and what they may cost.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Models of services (openai:NAME, voyage:NAME, URL#NAME)")]
pub(crate) struct ServiceArguments {
    /// Send up to N requests at a time [default: 4]
    #[cfg(feature = "providers")]
    #[arg(long, value_name = "N", value_parser = request_count)]
    pub(crate) concurrency: Option<NonZeroUsize>,
    /// Ask before this run costs more in all, and stop where nobody can be asked
    #[cfg(feature = "providers")]
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) max_cost: Option<f64>,
    /// The price of a million tokens [default: the documented one of OpenAI or Voyage]
    #[cfg(feature = "providers")]
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) price: Option<f64>,
}
