//! Models of services: what they may cost, and what they did cost.

use std::sync::Arc;

use embed::engine::{EmbedError, Embedder, EmbedderRequest, NotProvided};
use embed::providers::{
    Approval, Bill, Dollars, Ledger, Price, Provider, ProviderError, ProviderSettings, ServedModels,
    ServedName, Usage,
};

use crate::cli::args::service::ServiceArguments;
use crate::cli::progress::suspended;
use crate::cli::render::counted;
use crate::cli::resolve::Environment;
use crate::cli::terminal::confirm;
use crate::cli::usage::UsageError;

/// The services that this run may use.
#[derive(Debug)]
pub(crate) struct Services {
    /// An error of the settings concerns only runs that use a service.
    models: Result<ServedModels, UsageError>,
    ledger: Arc<Ledger>,
    has_limit: bool,
}

/// The settings of services are invalid.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct InvalidSettings(String);

impl Services {
    pub(crate) fn new(environment: &Environment, arguments: &ServiceArguments) -> Self {
        let ledger = Arc::new(match arguments.max_cost {
            Some(limit) => Ledger::with_limit(Dollars(limit), ask),
            None => Ledger::default(),
        });
        let models = environment.services().map(|defaults| {
            ServedModels::new(ProviderSettings {
                concurrency: arguments.concurrency.unwrap_or(defaults.concurrency),
                price: arguments.price.map(|price| Price(Dollars(price))),
                ledger: Arc::clone(&ledger),
                ..defaults
            })
        });
        Self { models, ledger, has_limit: arguments.max_cost.is_some() }
    }

    /// Whether this run may cost only so much.
    pub(crate) const fn has_limit(&self) -> bool {
        self.has_limit
    }

    /// Whether `name` is meant as that of a model of a service.
    pub(crate) fn provide(name: &str) -> bool {
        !matches!(ServedName::parse(name), Ok(None))
    }

    pub(crate) fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        let models =
            self.models.as_ref().map_err(|error| EmbedError::new(InvalidSettings(error.to_string())))?;
        match models.embedder(request).map_err(EmbedError::new)? {
            Some(embedder) => Ok(Arc::new(embedder)),
            None => Err(EmbedError::new(NotProvided { model: request.name.to_owned() })),
        }
    }

    /// Asks about `tokens` of `model`, before the first of them is sent. A local model costs nothing.
    pub(crate) fn approve(&self, model: &str, tokens: u64) -> Result<(), ProviderError> {
        if Self::provide(model) {
            self.ledger.approve(model, tokens, self.known_price(model))
        } else {
            Ok(())
        }
    }

    fn known_price(&self, model: &str) -> Option<Price> {
        self.models.as_ref().ok()?.price(model)
    }

    /// Whether the tokens of `model` are estimated before they are sent.
    pub(crate) fn estimates(model: &str) -> bool {
        let name = ServedName::parse(model).ok().flatten();
        name.is_some_and(|name| name.provider != Provider::OpenAi)
    }

    /// The price of a million tokens of `model` in dollars, if it is known.
    pub(crate) fn price(&self, model: &str) -> Option<f64> {
        self.known_price(model).map(|Price(Dollars(price))| price)
    }

    /// The cost of `tokens` of `model`, for people; empty where no price is known.
    pub(crate) fn quote(&self, model: &str, tokens: u64) -> String {
        match self.known_price(model) {
            Some(price) => format!(", {} at {} a million", price.of(tokens), shown(price.0)),
            None => String::new(),
        }
    }

    /// Tokens and money so far, for a progress bar; `None` before the first answer.
    pub(crate) fn meter(&self) -> Option<String> {
        let used = self.ledger.used();
        let tokens: u64 = used.iter().map(|(_, usage)| usage.tokens).sum();
        let is_priced = used.iter().any(|(_, usage)| usage.cost.is_some());
        let cost = if is_priced { format!(", {}", self.ledger.spent()) } else { String::new() };
        (tokens > 0).then(|| format!("{}{cost}", counted(tokens, "token")))
    }

    /// What each model used, by the answers of its service, if that is more than one text.
    pub(crate) fn closing_lines(&self) -> Vec<String> {
        let line = |(model, usage): &(String, Usage)| {
            let Usage { requests, texts, tokens, cost } = *usage;
            let cost = cost.map(|cost| format!(", {cost}")).unwrap_or_default();
            format!(
                "{model} used {} for {} in {}{cost}",
                counted(tokens, "token"),
                counted(texts, "text"),
                counted(requests, "request"),
            )
        };
        let used = self.ledger.used();
        let texts: u64 = used.iter().map(|(_, usage)| usage.texts).sum();
        if texts > 1 { used.iter().map(line).collect() } else { Vec::new() }
    }
}

/// A price as a person writes it.
fn shown(price: Dollars) -> String {
    format!("${}", price.0)
}

fn ask(bill: &Bill) -> Approval {
    let Bill { model, tokens, spent, next, limit } = bill;
    let before = if spent.0 > 0.0 { format!(" after {spent} in this run") } else { String::new() };
    let tokens = counted(*tokens, "token");
    let question =
        format!("{tokens} for {model} cost {next}{before}, above --max-cost {limit}; send all the same?");
    if suspended(|| confirm(&question)) == Some(true) { Approval::Granted } else { Approval::Refused }
}
