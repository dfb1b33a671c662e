//! From the name of a model of a service to an embedder.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use ureq::http::Uri;

use super::client::{Client, Failure};
use super::embedder::{ServedEmbedder, ServedSource};
use super::error::ProviderError;
use super::models::{KnownModel, known_model, request_limits};
use super::money::{Dollars, Price};
use super::name::{Provider, ServedName, check_url};
use super::refusal::Service;
use super::settings::ProviderSettings;
use super::tokens::TokenCounter;
use crate::embedding::{EmbedderRequest, Identity, ModelDescription, Role, ServedIdentity};
use crate::http::Secret;
use crate::vectors::Dimension;

/// What descriptions say where a local model has a pooling and a precision.
const UNKNOWN: &str = "unknown";

/// The addresses of the services, up to `/embeddings`.
const OPENAI: &str = "https://api.openai.com/v1";
const VOYAGE: &str = "https://api.voyageai.com/v1";

/// What every service is asked to learn of a model.
const PROBE: &str = "dimension";

/// Finds models of services.
#[derive(Debug)]
pub struct ServedModels {
    settings: ProviderSettings,
    /// What requests told of models, by name and requested dimension.
    learned: Mutex<HashMap<(String, Option<usize>), Known>>,
}

/// What is known of a model before a request needs it.
#[derive(Debug, Clone)]
struct Known {
    answers_as: String,
    dimension: Dimension,
}

impl ServedModels {
    /// Reaches services as `settings` say.
    #[must_use]
    pub fn new(settings: ProviderSettings) -> Self {
        Self { settings, learned: Mutex::default() }
    }

    /// The embedder of a model of a service; `None` if the name is not that of one.
    ///
    /// Of a model that is neither documented nor that of an index, one word is embedded, to learn its dimension and the name
    /// by which the service calls it.
    ///
    /// # Errors
    ///
    /// A [`ProviderError`].
    pub fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Option<ServedEmbedder>, ProviderError> {
        let Some(name) = ServedName::parse(request.name)? else { return Ok(None) };
        let model = known_model(&name.provider, &name.model);
        let stored = request.defaults.filter(|defaults| served_like(defaults, &name).is_some());
        let kept = request.dimensions.or_else(|| stored.and_then(|stored| stored.kept_dimensions));
        if let (Some(model), Some(kept)) = (model, kept)
            && !model.dimensions.allow(kept.get(), model.dimension)
        {
            return Err(ProviderError::Dimensions { model: name.to_string(), wanted: kept });
        }
        let source = self.source(name, model, kept)?;
        let indexed = request.indexed.and_then(|indexed| served_like(indexed, &source.name));
        let known = indexed.and_then(|served| known_of_index(served, &source));
        let known = match known.or_else(|| model.and_then(|model| documented(model, kept, &source))) {
            Some(known) => known,
            None => self.learn(&source)?,
        };
        embedder(source, known, kept, request).map(Some)
    }

    /// What a request tells of the model of `source`; asked once.
    fn learn(&self, source: &ServedSource) -> Result<Known, ProviderError> {
        let key = (source.name.to_string(), source.dimensions);
        // A thread that waits for another's request needs no request of its own.
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = learned.get(&key) {
            return Ok(known.clone());
        }
        let known = probe(source)?;
        learned.insert(key, known.clone());
        Ok(known)
    }

    /// The price of a million tokens of the model `name`, if it is known.
    #[must_use]
    pub fn price(&self, name: &str) -> Option<Price> {
        let name = ServedName::parse(name).ok().flatten()?;
        price(&self.settings, known_model(&name.provider, &name.model).as_ref())
    }

    fn source(
        &self,
        name: ServedName,
        model: Option<KnownModel>,
        kept: Option<Dimension>,
    ) -> Result<ServedSource, ProviderError> {
        let settings = &self.settings;
        let address = self.address(&name.provider)?;
        let service = Service {
            host: String::new(),
            path: address.path().to_owned(),
            model: name.model.clone(),
            key: self.key(&name, &address)?,
            variable: variable(&name.provider),
        };
        // Other servers may not know the field, and a beginning of their vectors is as good.
        let is_asked_for = !matches!(name.provider, Provider::Endpoint(_));
        Ok(ServedSource {
            client: Client::new(address, service, settings)?,
            limits: request_limits(&name.provider, model.as_ref()),
            max_tokens: model.map(|model| model.max_tokens),
            dimensions: kept.filter(|_| is_asked_for).map(Dimension::get),
            counter: match name.provider {
                Provider::OpenAi => TokenCounter::Cl100k,
                Provider::Voyage | Provider::Endpoint(_) => TokenCounter::Estimate,
            },
            price: price(settings, model.as_ref()),
            concurrency: settings.concurrency,
            ledger: Arc::clone(&settings.ledger),
            name,
        })
    }

    fn address(&self, provider: &Provider) -> Result<Uri, ProviderError> {
        let (account, own, variable) = match provider {
            Provider::OpenAi => (&self.settings.openai, OPENAI, "OPENAI_BASE_URL"),
            Provider::Voyage => (&self.settings.voyage, VOYAGE, "VOYAGE_BASE_URL"),
            Provider::Endpoint(url) => {
                let refused = |problem| ProviderError::Name { name: url.clone(), problem };
                return embeddings_address(url).map_err(refused);
            }
        };
        let base = account.base_url.as_deref().unwrap_or(own);
        embeddings_address(base).map_err(|problem| ProviderError::BaseUrl { variable, problem })
    }

    /// The key of a model. OpenAI and Voyage need one; a server in their place may not.
    fn key(&self, name: &ServedName, address: &Uri) -> Result<Option<Secret>, ProviderError> {
        let key = match &name.provider {
            Provider::OpenAi => &self.settings.openai.key,
            Provider::Voyage => &self.settings.voyage.key,
            Provider::Endpoint(_) => &self.settings.endpoint_key,
        };
        let variable = variable(&name.provider);
        match key {
            None if is_own_host(&name.provider, address) => {
                Err(ProviderError::NoKey { model: name.to_string(), variable })
            }
            Some(key) if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err(ProviderError::InvalidKey { variable })
            }
            key => Ok(key.clone()),
        }
    }
}

/// The variable in which the key of a service is by convention.
const fn variable(provider: &Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "OPENAI_API_KEY",
        Provider::Voyage => "VOYAGE_API_KEY",
        Provider::Endpoint(_) => "EMBED_API_KEY",
    }
}

/// Whether `address` is the service's own and not a server in its place.
fn is_own_host(provider: &Provider, address: &Uri) -> bool {
    let own = match provider {
        Provider::OpenAi => "api.openai.com",
        Provider::Voyage => "api.voyageai.com",
        Provider::Endpoint(_) => return false,
    };
    address.host() == Some(own)
}

/// The address of embeddings at `url`: the URL itself if it ends with `/embeddings`, else the path below it, which is
/// `/v1/embeddings` where the URL has no path.
fn embeddings_address(url: &str) -> Result<Uri, &'static str> {
    let base = url.trim_end_matches('/');
    let path = match check_url(url)?.path().trim_end_matches('/') {
        "" => "/v1/embeddings",
        path if path.ends_with("/embeddings") => "",
        _ => "/embeddings",
    };
    check_url(&format!("{base}{path}"))
}

fn price(settings: &ProviderSettings, model: Option<&KnownModel>) -> Option<Price> {
    settings.price.or_else(|| model.map(|model| Price(Dollars(model.price))))
}

/// The identity of the model of an index, if `name` can be the same.
fn served_like<'a>(indexed: &'a ModelDescription, name: &ServedName) -> Option<&'a ServedIdentity> {
    match &indexed.identity {
        Identity::Served(served) if served.model == name.model => Some(served),
        _ => None,
    }
}

/// What the index knows of the model, if `source` can be where its vectors came from.
fn known_of_index(served: &ServedIdentity, source: &ServedSource) -> Option<Known> {
    let is_same = served.host == bare_host(source.client.host())
        && served.provider == dialect(&source.name.provider)
        && source.dimensions.is_none_or(|asked| asked == served.dimension);
    let dimension = Dimension::new(served.dimension).filter(|_| is_same)?;
    Some(Known { answers_as: served.answers_as.clone(), dimension })
}

/// What the documentation says of a model at its own service.
fn documented(model: KnownModel, kept: Option<Dimension>, source: &ServedSource) -> Option<Known> {
    let dimension = kept.or_else(|| Dimension::new(model.dimension))?;
    let is_own = is_own_host(&source.name.provider, source.client.address());
    is_own.then(|| Known { answers_as: model.name.to_owned(), dimension })
}

/// Learns of a model by embedding one word.
fn probe(source: &ServedSource) -> Result<Known, ProviderError> {
    let is_over = AtomicBool::new(false);
    let tokens = source.counter.count(PROBE);
    let asked = source.ask(Role::Document, &[PROBE], tokens, Dimension::MAX as usize, &is_over);
    let (answer, _) = asked.map_err(|failure| match failure {
        Failure::TooManyTokens(error) | Failure::Error(error) => error,
        Failure::Over => unreachable!("nothing ends the wait for the answer"),
    })?;
    let dimension = answer.dimension().map_err(|problem| source.client.wrong(problem))?;
    Ok(Known { answers_as: answer.model.unwrap_or_else(|| source.name.model.clone()), dimension })
}

fn embedder(
    source: ServedSource,
    known: Known,
    kept: Option<Dimension>,
    request: &EmbedderRequest<'_>,
) -> Result<ServedEmbedder, ProviderError> {
    let Known { answers_as, dimension } = known;
    // The components that are cut off here rather than by the service.
    let cut_to = kept.filter(|kept| source.dimensions.is_none() && *kept != dimension);
    if let Some(wanted) = cut_to.filter(|kept| kept.get() > dimension.get()) {
        return Err(ProviderError::Dimensions { model: source.name.to_string(), wanted });
    }
    let stored =
        |prefix: fn(&ModelDescription) -> &String| request.defaults.map(|defaults| prefix(defaults).as_str());
    let query_prefix = request.query_prefix.or(stored(|model| &model.query_prefix)).unwrap_or_default();
    let document_prefix =
        request.document_prefix.or(stored(|model| &model.document_prefix)).unwrap_or_default();
    let identity = ServedIdentity {
        host: bare_host(source.client.host()).to_owned(),
        provider: dialect(&source.name.provider).to_owned(),
        model: source.name.model.clone(),
        answers_as: answers_as.clone(),
        dimension: dimension.get(),
        kept: cut_to.map(Dimension::get),
        input_types: (source.name.provider == Provider::Voyage).then(|| "query/document".to_owned()),
        document_prefix: document_prefix.to_owned(),
    };
    let description = ModelDescription {
        name: source.name.to_string(),
        identity: Identity::Served(Box::new(identity)),
        dimension: cut_to.unwrap_or(dimension),
        kept_dimensions: if source.dimensions.is_some() { Some(dimension) } else { cut_to },
        pooling: UNKNOWN.to_owned(),
        query_prefix: query_prefix.to_owned(),
        document_prefix: document_prefix.to_owned(),
        max_tokens: source.max_tokens.unwrap_or_default() as u32,
        encoder_precision: UNKNOWN.to_owned(),
    };
    Ok(ServedEmbedder { description, source, dimension, answers_as })
}

const fn dialect(provider: &Provider) -> &'static str {
    match provider {
        Provider::OpenAi | Provider::Endpoint(_) => "openai",
        Provider::Voyage => "voyage",
    }
}

/// `host` without its port.
fn bare_host(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
        _ => host,
    }
}
