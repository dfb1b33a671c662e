//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::admission::{Admission, Held};
use super::lanes::until_cancelled;
use super::metrics::Metrics;
use super::model_name::public_name;
use super::problem::Problem;
use super::settings::{Access, Limits, NamedIndex, Report, Site};
use crate::engine::{Embedder, Engine, Reranker};

/// A body takes this many times its size: it is kept while its parts are copied.
const COPIES_OF_BODY: usize = 4;

/// The first bytes of a body, which are not counted: a search is answered even while large requests take all memory. The
/// number of connections bounds them.
const UNCOUNTED_BODY: usize = 16 * 1024;

/// Values of a body besides texts and token ids.
const MOST_FIELDS: usize = 1000;

/// Bytes of a value in JSON while it is parsed.
const BYTES_OF_VALUE: usize = 128;

/// What all requests share.
pub(super) struct Service {
    pub(super) indexes: Vec<NamedIndex>,
    pub(super) model: Arc<dyn Embedder>,
    pub(super) reranker: Option<Reranker>,
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) admission: Admission,
    pub(super) metrics: Metrics,
    pub(super) report: Report,
}

/// A request that is being answered on a thread of its own.
pub(super) struct Task<'a> {
    pub(super) service: &'a Service,
    is_cancelled: &'a AtomicBool,
    held: &'a mut Held,
}

/// The content of an answer.
pub(super) struct Content {
    pub(super) kind: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Bytes of an answer, and the memory that they hold until they are sent.
struct HeldBytes {
    bytes: Vec<u8>,
    _held: Held,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Service {
    /// The name of the model of requests for vectors.
    pub(super) fn model_name(&self) -> &str {
        public_name(&self.model.description().name)
    }

    pub(super) fn new(site: Site, access: Access, limits: Limits, report: Report) -> Self {
        let Site { indexes, model, reranker } = site;
        let admission = Admission::new(&limits);
        Self { indexes, model, reranker, access, limits, admission, metrics: Metrics::default(), report }
    }

    /// The index of that name; without a name, the only one.
    pub(super) fn index(&self, name: Option<&str>) -> Result<&Engine, Problem> {
        let names = || self.indexes.iter().map(|index| index.name.as_str()).collect::<Vec<_>>().join(", ");
        match (name, self.indexes.as_slice()) {
            (_, []) => Err(Problem::no_index(
                "the server has no index: make one with 'embed index FOLDER', and start the server again there or with --index DIR",
            )),
            (None, [only]) => Ok(&only.engine),
            (None, _) => Err(Problem::invalid(format!("name one of the indexes: {}", names())).of("index")),
            (Some(name), indexes) => match indexes.iter().find(|index| index.name == name) {
                Some(index) => Ok(&index.engine),
                None => {
                    Err(Problem::no_index(format!("no index is called {name:?}; there are: {}", names())))
                }
            },
        }
    }

    /// Reads the body of a request, and answers it on a thread that may wait.
    pub(super) async fn answer(
        self: &Arc<Self>,
        body: Body,
        work: impl FnOnce(Task<'_>, Vec<u8>) -> Result<Content, Problem> + Send + 'static,
    ) -> Result<Response<Body>, Problem> {
        let (body, mut held) = self.receive(body, self.limits.body).await?;
        self.hold_values(&body, &mut held)?;
        // Not before: a client that sends slowly takes no place from others.
        let admitted = self.admission.enter()?;
        let work = |task: Task<'_>| work(task, body);
        let (Content { kind, bytes }, held) = self.run(admitted, held, work).await?;
        let body = Body::from(Bytes::from_owner(HeldBytes { bytes, _held: held }));
        let response = Response::builder().header("content-type", kind).body(body);
        Ok(response.expect("the header is a constant"))
    }

    /// The result of `work` on a thread that may wait, for a request without a body.
    pub(super) async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(Task<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.run(self.admission.enter()?, Held::default(), work).await?.0)
    }

    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        admitted: OwnedSemaphorePermit,
        mut held: Held,
        work: impl FnOnce(Task<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<(T, Held), Problem> {
        let service = Arc::clone(self);
        // Dropped with this future if the client goes away.
        let cancel = CancelOnDrop::default();
        let is_cancelled = Arc::clone(&cancel.0);
        let running = tokio::task::spawn_blocking(move || {
            let _admitted = admitted;
            let task = Task { service: &service, is_cancelled: &is_cancelled, held: &mut held };
            let outcome = until_cancelled(&is_cancelled, || work(task))?;
            Ok((outcome, held))
        });
        timeout(self.limits.answer, running)
            .await
            .map_err(|_| Problem::slow_answer())?
            .map_err(|error| Problem::failed(error.to_string()))?
    }

    /// The bytes of a body of at most `most`, and the memory that they hold.
    pub(super) async fn receive(&self, body: Body, most: usize) -> Result<(Vec<u8>, Held), Problem> {
        let received = timeout(self.limits.transfer, self.read(body, most));
        received.await.map_err(|_| Problem::slow_body())?
    }

    async fn read(&self, mut body: Body, most: usize) -> Result<(Vec<u8>, Held), Problem> {
        let (mut bytes, mut held) = (Vec::new(), Held::default());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::invalid("the body broke off"))?;
            let Ok(part) = frame.into_data() else { continue };
            if bytes.len() + part.len() > most {
                return Err(Problem::body_too_large(most));
            }
            let uncounted = UNCOUNTED_BODY.saturating_sub(bytes.len());
            self.admission.hold(&mut held, COPIES_OF_BODY * part.len().saturating_sub(uncounted))?;
            bytes.extend_from_slice(&part);
        }
        Ok((bytes, held))
    }
}

impl Service {
    /// Counts the memory of the values of a body in JSON before they are parsed: a byte can become a hundred.
    fn hold_values(&self, body: &[u8], held: &mut Held) -> Result<(), Problem> {
        let values = count_values(body);
        if values > self.limits.inputs.saturating_add(self.limits.tokens).saturating_add(MOST_FIELDS) {
            return Err(Problem::too_much("the body has more texts or token ids than a request may have"));
        }
        self.admission.hold(held, BYTES_OF_VALUE * values.saturating_sub(MOST_FIELDS))
    }
}

/// At most so many values are in a body in JSON: one more than its separators and brackets outside of strings.
fn count_values(body: &[u8]) -> usize {
    let (mut count, mut in_string, mut is_escaped) = (1, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

impl Task<'_> {
    /// Refuses to go on for a client that went away, or that has waited too long.
    pub(super) fn check_wanted(&self) -> Result<(), Problem> {
        if self.is_cancelled.load(Ordering::Relaxed) { Err(Problem::cancelled()) } else { Ok(()) }
    }

    /// Counts `bytes` more as memory of this request.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Problem> {
        self.service.admission.hold(self.held, bytes)
    }
}

impl Content {
    pub(super) fn json(value: &impl serde::Serialize) -> Self {
        let bytes = serde_json::to_vec(value).expect("an answer is plain data");
        Self { kind: "application/json", bytes }
    }
}

/// Sets the flag when it is dropped.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        for (body, values) in [
            ("", 1),
            ("[1,2,3]", 4),
            (r#"{"input": ["a, b", "[c]"]}"#, 4),
            (r#"["a \" , b", 1]"#, 3),
            (r#"["a \\", 1]"#, 3),
            ("[[1],[2]]", 5),
        ] {
            assert_eq!(count_values(body.as_bytes()), values, "{body}");
        }
    }
}
