//! From the name of a model of a service to an embedder.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use ureq::http::Uri;

use super::client::{Client, Failure};
use super::embedder::ServedEmbedder;
use super::error::ProviderError;
use super::models::{KnownModel, known_model, request_limits};
use super::money::{Dollars, Price};
use super::name::{Provider, ServedName, check_url};
use super::refusal::Service;
use super::settings::ProviderSettings;
use super::source::{Obstacle, ServedSource};
use super::tokens::TokenCounter;
use crate::embedding::{EmbedderRequest, Identity, ModelDescription, NamedBy, Role, ServedIdentity};
use crate::http::{Secret, origin};
use crate::vectors::Dimension;

/// What descriptions say where a local model has a pooling and a precision.
const UNKNOWN: &str = "unknown";

/// The addresses of the services, up to `/embeddings`.
const OPENAI: &str = "https://api.openai.com/v1";
const VOYAGE: &str = "https://api.voyageai.com/v1";

/// The text that is embedded to learn the dimension of a model.
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
            let (model, available) = (name.to_string(), model.dimensions.to_string());
            return Err(ProviderError::Dimensions { model, requested: kept, available });
        }
        let source = self.source(name, model, kept, request.named_by)?;
        let indexed = request.indexed.and_then(|indexed| served_like(indexed, &source.name));
        let known = indexed.and_then(|served| known_of_index(served, &source));
        let known = known.or_else(|| model.and_then(|model| documented(model, kept, &source)));
        let known = match known.or_else(|| imported(request, &source)) {
            Some(known) => known,
            None => self.learn(&source)?,
        };
        embedder(source, known, kept, request).map(Some)
    }

    /// What a request tells of the model of `source`; one request for each model.
    fn learn(&self, source: &ServedSource) -> Result<Known, ProviderError> {
        let key = (source.name.to_string(), source.dimensions);
        let learned = || self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = learned().get(&key).cloned();
        if let Some(known) = earlier {
            return Ok(known);
        }
        let known = probe(source)?;
        learned().insert(key, known.clone());
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
        named_by: NamedBy,
    ) -> Result<ServedSource, ProviderError> {
        let settings = &self.settings;
        let address = self.address(&name.provider)?;
        let access = self.access(&name, &address, named_by)?;
        let service = Service {
            host: String::new(),
            path: address.path().to_owned(),
            model: name.model.clone(),
            key: access.key,
            variable: variable(&name.provider),
        };
        // Other servers may not know the field, and the first components of their vectors are as good.
        let has_field = !matches!(name.provider, Provider::Endpoint(_));
        let is_other = |kept: &Dimension| model.is_none_or(|model| model.dimension != kept.get());
        Ok(ServedSource {
            client: Client::new(address, service, settings)?,
            limits: request_limits(&name.provider, model.as_ref()),
            max_tokens: model.map(|model| model.max_tokens),
            dimensions: kept.filter(|_| has_field).filter(is_other).map(Dimension::get),
            counter: match name.provider {
                Provider::OpenAi => TokenCounter::Cl100k,
                Provider::Voyage | Provider::Endpoint(_) => TokenCounter::Estimate,
            },
            price: price(settings, model.as_ref()),
            concurrency: settings.concurrency,
            ledger: Arc::clone(&settings.ledger),
            most_texts: AtomicUsize::new(usize::MAX),
            sends_numbers: AtomicBool::new(false),
            obstacle: access.obstacle,
            name,
        })
    }

    fn address(&self, provider: &Provider) -> Result<Uri, ProviderError> {
        let (account, default, variable) = match provider {
            Provider::OpenAi => (&self.settings.openai, OPENAI, "OPENAI_BASE_URL"),
            Provider::Voyage => (&self.settings.voyage, VOYAGE, "VOYAGE_BASE_URL"),
            Provider::Endpoint(url) => {
                let refused = |problem| ProviderError::Name { name: url.clone(), problem };
                return embeddings_address(url).map_err(refused);
            }
        };
        let base = account.base_url.as_ref().map_or(default, Secret::expose);
        embeddings_address(base).map_err(|problem| ProviderError::BaseUrl { variable, problem })
    }

    /// The key for a model, and what stands in the way of requests to it. OpenAI and Voyage need a key; a server in their
    /// place may not. Any other server gets the key only if the user names it, by `--model` or in the settings, and an
    /// index alone leads to no server but one on this machine.
    fn access(&self, name: &ServedName, address: &Uri, named_by: NamedBy) -> Result<Access, ProviderError> {
        let account = match &name.provider {
            Provider::OpenAi => &self.settings.openai,
            Provider::Voyage => &self.settings.voyage,
            Provider::Endpoint(_) => &self.settings.endpoint,
        };
        let variable = variable(&name.provider);
        let key = account.key.as_ref();
        if key.is_some_and(|key| !key.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(ProviderError::InvalidKey { variable });
        }
        if let Provider::Endpoint(_) = name.provider
            && named_by == NamedBy::Index
            && !self.is_settled(address)
        {
            let obstacle = (!is_loopback(address)).then_some(Obstacle::Unnamed);
            return Ok(Access { key: None, obstacle });
        }
        let needs_key = key.is_none() && is_own_host(&name.provider, address);
        Ok(Access { key: key.cloned(), obstacle: needs_key.then_some(Obstacle::NoKey { variable }) })
    }

    /// Whether the settings name the server at `address`.
    fn is_settled(&self, address: &Uri) -> bool {
        let url = self.settings.endpoint.base_url.as_ref().and_then(|url| check_url(url.expose()).ok());
        url.is_some_and(|url| origin(&url) == origin(address))
    }
}

/// How requests for a model may be made.
struct Access {
    key: Option<Secret>,
    obstacle: Option<Obstacle>,
}

/// Whether `address` is on this machine.
fn is_loopback(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The variable in which the key of a service is by convention.
const fn variable(provider: &Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "OPENAI_API_KEY",
        Provider::Voyage => "VOYAGE_API_KEY",
        Provider::Endpoint(_) => "EMBED_API_KEY",
    }
}

/// Whether `address` is that of the service itself, not of a server in its place.
fn is_own_host(provider: &Provider, address: &Uri) -> bool {
    let host = match provider {
        Provider::OpenAi => "api.openai.com",
        Provider::Voyage => "api.voyageai.com",
        Provider::Endpoint(_) => return false,
    };
    address.host().is_some_and(|found| found.eq_ignore_ascii_case(host))
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
    let is_same = served.host == bare_host(source)
        && served.provider == dialect(&source.name.provider)
        && source.dimensions.is_none_or(|requested| requested == served.dimension);
    let dimension = Dimension::new(served.dimension).filter(|_| is_same)?;
    Some(Known { answers_as: served.answers_as.clone(), dimension })
}

/// What the documentation says of a model, if `source` is the documented service.
fn documented(model: KnownModel, kept: Option<Dimension>, source: &ServedSource) -> Option<Known> {
    let dimension = kept.or_else(|| Dimension::new(model.dimension))?;
    let is_own = is_own_host(&source.name.provider, source.client.address());
    (is_own && model.is_no_alias).then(|| Known { answers_as: model.name.to_owned(), dimension })
}

/// What is known of vectors that were computed elsewhere: the service is taken to answer under the requested name.
fn imported(request: &EmbedderRequest<'_>, source: &ServedSource) -> Option<Known> {
    let dimension = request.imported?;
    Some(Known { answers_as: source.name.model.clone(), dimension })
}

/// Learns of a model by embedding one word.
fn probe(source: &ServedSource) -> Result<Known, ProviderError> {
    let is_cancelled = AtomicBool::new(false);
    let tokens = source.counter.count(PROBE);
    source.ledger.approve(&source.name.to_string(), tokens as u64, source.price)?;
    let outcome = source.ask(Role::Document, &[PROBE], tokens, Dimension::MAX as usize, &is_cancelled);
    let (answer, _) = outcome.map_err(|failure| match failure {
        Failure::TooLarge(error) | Failure::Error(error) => error,
        Failure::Cancelled => unreachable!("nothing ends the wait for the answer"),
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
    if let Some(requested) = cut_to.filter(|kept| kept.get() > dimension.get()) {
        let (model, available) = (source.name.to_string(), format!("1 to {dimension}"));
        return Err(ProviderError::Dimensions { model, requested, available });
    }
    let stored =
        |prefix: fn(&ModelDescription) -> &String| request.defaults.map(|defaults| prefix(defaults).as_str());
    let query_prefix = request.query_prefix.or(stored(|model| &model.query_prefix)).unwrap_or_default();
    let document_prefix =
        request.document_prefix.or(stored(|model| &model.document_prefix)).unwrap_or_default();
    let identity = ServedIdentity {
        host: bare_host(&source),
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

/// The host of `source` as identities have it.
fn bare_host(source: &ServedSource) -> String {
    source.client.address().host().unwrap_or_default().to_ascii_lowercase()
}
