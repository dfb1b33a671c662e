//! Requests to the hub and to the hosts that it redirects to.

use ureq::http::{Response, StatusCode, Uri};
use ureq::{Agent, Body, Timeout};

use crate::http::{Timeouts, agent_config, host, origin};
use crate::hub::entity_tag::EntityTag;
use crate::hub::error::HubError;
use crate::hub::name::HubName;
use crate::hub::settings::HubSettings;

/// Requests for one model.
pub(super) struct Client<'a> {
    agent: Agent,
    settings: &'a HubSettings,
    hub: Uri,
    name: &'a HubName,
}

/// The address of a file, and what the hub states about its bytes.
pub(super) struct Located {
    pub(super) tag: EntityTag,
    pub(super) size: Option<u64>,
    pub(super) address: Uri,
    /// The answer with the whole file, if the hub itself serves it.
    pub(super) answer: Option<Response<Body>>,
}

/// The most consecutive redirects to follow.
const MOST_REDIRECTS: usize = 10;

/// Bytes; the description of a model with many files takes a few hundred kilobytes.
const LONGEST_DESCRIPTION: u64 = 32 << 20;

impl<'a> Client<'a> {
    pub(super) fn new(settings: &'a HubSettings, name: &'a HubName) -> Result<Self, HubError> {
        let invalid = || HubError::Endpoint { endpoint: settings.endpoint.clone() };
        let hub: Uri = settings.endpoint.parse().map_err(|_| invalid())?;
        if !matches!(hub.scheme_str(), Some("http" | "https")) || hub.query().is_some() {
            return Err(invalid());
        }
        let timeouts = Timeouts { connect: settings.connect_timeout, answer: settings.read_timeout };
        let agent = agent_config(settings.certificates.as_deref(), timeouts)?.build().into();
        Ok(Self { agent, settings, hub, name })
    }

    /// The hub's address.
    pub(super) const fn address(&self) -> &Uri {
        &self.hub
    }

    /// The longest file that is fetched.
    pub(super) const fn longest_file(&self) -> u64 {
        self.settings.longest_file
    }

    /// The JSON description of the model at its revision.
    pub(super) fn description(&self) -> Result<Vec<u8>, HubError> {
        let revision = self.name.revision().replace('/', "%2F");
        let mut address =
            self.on_hub(&format!("/api/models/{}/revision/{revision}", self.name.repository()))?;
        for _ in 0..=MOST_REDIRECTS {
            let mut answer = self.send(&address, 0)?;
            if answer.status().is_redirection() {
                address = redirected(&address, &answer)?;
            } else if answer.status().is_success() {
                let body = answer.body_mut().with_config().limit(LONGEST_DESCRIPTION).read_to_vec();
                return body.map_err(|source| self.broken(&address, source));
            } else {
                return Err(self.refusal(&address, &answer));
            }
        }
        Err(invalid_answer(&address, "it redirects endlessly"))
    }

    /// Requests the location of `file` at `commit` from the hub; large files are on another host.
    pub(super) fn locate(&self, commit: &str, file: &str) -> Result<Located, HubError> {
        let mut address = self.on_hub(&format!("/{}/resolve/{commit}/{file}", self.name.repository()))?;
        let (mut linked_tag, mut linked_size) = (None, None);
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.send(&address, 0)?;
            linked_tag = header(&answer, "x-linked-etag").map(str::to_owned).or(linked_tag);
            linked_size = header(&answer, "x-linked-size").and_then(|size| size.parse().ok()).or(linked_size);
            let is_redirect = answer.status().is_redirection();
            if is_redirect {
                address = redirected(&address, &answer)?;
                if self.is_hub(&address) {
                    continue;
                }
            } else if !answer.status().is_success() {
                return Err(self.refusal(&address, &answer));
            }
            let tag = linked_tag.as_deref().or_else(|| header(&answer, "etag")).and_then(EntityTag::parse);
            let tag = tag.ok_or_else(|| invalid_answer(&self.hub, "a file has no entity tag"))?;
            let answer = (!is_redirect).then_some(answer);
            let length = answer.as_ref().and_then(|answer| answer.body().content_length());
            let size = linked_size.or(length);
            if size.is_none() && !tag.is_digest() {
                return Err(invalid_answer(&self.hub, "a file has neither a digest nor a length"));
            }
            return Ok(Located { tag, size, address, answer });
        }
        Err(invalid_answer(&address, "it redirects endlessly"))
    }

    /// Requests the bytes at `address` from the byte `from` on; the status tells whether the answer is this range or
    /// the whole file.
    pub(super) fn open(&self, address: &Uri, from: u64) -> Result<Response<Body>, HubError> {
        let mut address = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.send(&address, from)?;
            if answer.status().is_redirection() {
                address = redirected(&address, &answer)?;
            } else if answer.status().is_success() || answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
                return Ok(answer);
            } else {
                return Err(self.refusal(&address, &answer));
            }
        }
        Err(invalid_answer(&address, "it redirects endlessly"))
    }

    /// The error for a failed connection to `address`.
    pub(super) fn broken(&self, address: &Uri, source: ureq::Error) -> HubError {
        let host = host(address);
        let waited = match &source {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => self.settings.connect_timeout,
            ureq::Error::Timeout(_) => self.settings.read_timeout,
            _ => return HubError::Unreachable { host, source: Box::new(source) },
        };
        HubError::TimedOut { host, waited }
    }

    fn send(&self, address: &Uri, from: u64) -> Result<Response<Body>, HubError> {
        let proxy = self.settings.proxies.for_address(address)?;
        let mut request = self.agent.get(address).header("accept-encoding", "identity");
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        if let Some(token) = self.settings.token.as_ref().filter(|_| self.is_hub(address)) {
            request = request.header("authorization", format!("Bearer {}", token.expose()));
        }
        let answer = request.config().proxy(proxy).build().call();
        answer.map_err(|source| self.broken(address, source))
    }

    fn on_hub(&self, path: &str) -> Result<Uri, HubError> {
        let endpoint = self.settings.endpoint.trim_end_matches('/');
        let invalid = |_| HubError::Endpoint { endpoint: self.settings.endpoint.clone() };
        format!("{endpoint}{path}").parse().map_err(invalid)
    }

    /// Whether `address` is on the hub itself: only the hub may receive the token.
    fn is_hub(&self, address: &Uri) -> bool {
        origin(address) == origin(&self.hub)
    }

    /// The meaning of an error status, by the rules of `hf_raise_for_status` in Python's `huggingface_hub`.
    fn refusal(&self, address: &Uri, answer: &Response<Body>) -> HubError {
        let (name, hub, status) =
            (self.name.repository().to_owned(), host(address), answer.status().as_u16());
        let with_token = self.settings.token.is_some();
        if !self.is_hub(address) {
            return HubError::Status { host: hub, status };
        }
        match (status, header(answer, "x-error-code")) {
            (_, Some("RevisionNotFound")) => {
                HubError::RevisionNotFound { name, revision: self.name.revision().to_owned(), hub }
            }
            (_, Some("GatedRepo")) | (403, None) => HubError::Gated { name, hub, with_token },
            (_, Some("RepoNotFound")) => HubError::NotFound { name, hub, with_token },
            (401, _) if with_token => HubError::TokenRefused { hub },
            (401 | 404, _) => HubError::NotFound { name, hub, with_token },
            _ => HubError::Status { host: hub, status },
        }
    }
}

pub(super) fn header<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok())
}

fn redirected(from: &Uri, answer: &Response<Body>) -> Result<Uri, HubError> {
    let location = header(answer, "location").unwrap_or_default();
    let absolute = if location.starts_with('/') {
        format!("{}://{}{location}", from.scheme_str().unwrap_or_default(), host(from))
    } else {
        location.to_owned()
    };
    let to: Uri = absolute.parse().map_err(|_| invalid_answer(from, "it redirects to an invalid address"))?;
    match (from.scheme_str(), to.scheme_str()) {
        (_, Some("https")) | (Some("http"), Some("http")) => Ok(to),
        _ => Err(invalid_answer(from, "it redirects to an insecure address")),
    }
}

/// The error for an invalid answer from `address`.
pub(super) fn invalid_answer(address: &Uri, problem: &'static str) -> HubError {
    HubError::Answer { host: host(address), problem }
}
