//! From an error to what the user reads and the exit status: the one place that classifies errors.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use anyhow::Error;
use embed::exchange::{DocumentsError, ExportError, ImportError, NpyError};
use embed::hub::HubError;
use embed::index;
use embed::indexing::{IndexingError, LeftOut};
use embed::model::{Device, ModelError};
use embed::search::CollectionError;

use crate::cli::args::global::GlobalArguments;
use crate::cli::corpus_hints::corpus_hint;
use crate::cli::render::{counted, printable};
use crate::cli::terminal::say;
use crate::cli::usage::UsageError;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// 0: done, and for a search: something was found.
    Success,
    /// 1: a search found nothing.
    NothingFound,
    /// 2: a message says why; sources that were finished before stay.
    Failure,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Success => 0,
            ExitStatus::NothingFound => 1,
            ExitStatus::Failure => 2,
        })
    }
}

/// Prints what went wrong, in one line, and how to mend it, in a second where that helps.
pub(crate) fn report(error: &Error) -> ExitStatus {
    if is_closed_pipe(error) {
        return ExitStatus::Success;
    }
    say(format!("error: {}", printable(&format!("{error:#}"))));
    if let Some(place) = error.downcast_ref::<UsageError>().and_then(UsageError::place) {
        say(format!("{:>width$}", '^', width = "error: ".len() + place + 1));
    } else if let Some(hint) = hint(error) {
        say(format!("hint: {hint}"));
    }
    ExitStatus::Failure
}

/// The reader of our output has what it wants: `embed search … | head -1`.
fn is_closed_pipe(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn hint(error: &Error) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<UsageError>() {
        return error.hint();
    }
    if let Some(error) = index_error(error) {
        return index_hint(error);
    }
    if let Some(IndexingError::NoTexts { .. }) = error.downcast_ref() {
        return Some("take it out with 'embed remove', or import its vectors into an index of their own");
    }
    if let Some(hint) = corpus_hint(error).or_else(|| exchange_hint(error)) {
        return Some(hint);
    }
    if let Some(error) = error.downcast_ref::<HubError>() {
        return hub_hint(error);
    }
    let model = match error.downcast_ref::<CollectionError>() {
        Some(CollectionError::Embed(error)) => error.downcast_ref::<ModelError>(),
        Some(CollectionError::Corpus(_)) => None,
        None => error.downcast_ref::<ModelError>(),
    };
    model.and_then(model_hint)
}

/// The error of the index, by itself or in what it made fail.
fn index_error(error: &Error) -> Option<&index::Error> {
    if let Some(error) = error.downcast_ref::<IndexingError>() {
        return match error {
            IndexingError::Index(error) => Some(error),
            IndexingError::Corpus(_) | IndexingError::Embed(_) | IndexingError::NoTexts { .. } => None,
        };
    }
    match (error.downcast_ref::<ImportError>(), error.downcast_ref::<ExportError>()) {
        (Some(ImportError::Index(error)), _) | (_, Some(ExportError::Index(error))) => Some(error),
        _ => error.downcast_ref::<index::Error>(),
    }
}

fn exchange_hint(error: &Error) -> Option<&'static str> {
    let npy = match error.downcast_ref::<ImportError>() {
        Some(ImportError::Npy(error)) => Some(error),
        Some(ImportError::Documents(DocumentsError::Field { field: "text", .. })) => {
            return Some("a line is an object such as {\"text\": \"...\", \"id\": \"...\"}");
        }
        _ => error.downcast_ref::<NpyError>(),
    };
    if let Some(error) = npy {
        return npy_hint(error);
    }
    match error.downcast_ref::<ExportError>()? {
        ExportError::NoParquet { .. } => Some(
            "build embed with --features parquet, or name a .jsonl file, which DuckDB and Polars read too",
        ),
        _ => None,
    }
}

fn npy_hint(error: &NpyError) -> Option<&'static str> {
    match error {
        NpyError::Type { .. } => Some("in NumPy: np.save(FILE, array.astype('<f4'))"),
        NpyError::FortranOrder { .. } => Some("in NumPy: np.save(FILE, np.ascontiguousarray(array))"),
        NpyError::NotMatrix { .. } => Some("in NumPy: np.save(FILE, array.reshape(ROWS, -1))"),
        _ => None,
    }
}

fn model_hint(error: &ModelError) -> Option<&'static str> {
    match error {
        ModelError::Unknown { .. } => Some(
            "name a folder with config.json, tokenizer.json and model.safetensors, or ORG/NAME of the hub",
        ),
        ModelError::Hub(error) => hub_hint(error),
        ModelError::NotBundled { .. } => {
            Some("name a model folder with --model, or build with the feature bundled-model")
        }
        ModelError::NoDeviceSupport { device: Device::Cuda } => {
            Some("leave out --device, or build with --features cuda")
        }
        ModelError::NoDeviceSupport { device: Device::Metal } => {
            Some("leave out --device, or build on a Mac with --features metal")
        }
        ModelError::PrecisionUnsupported { .. } => Some("say --precision f32"),
        ModelError::Dimensions { .. } => Some("say --dimensions N, with N at most the model's own"),
        ModelError::UnsupportedPooling { .. } => Some("say --pooling mean or --pooling cls"),
        _ => None,
    }
}

fn hub_hint(error: &HubError) -> Option<&'static str> {
    match error {
        HubError::Name { .. } => Some("name a folder, or ORG/NAME or ORG/NAME@REVISION of the hub"),
        HubError::Endpoint { .. } => {
            Some("HF_ENDPOINT is scheme and host of a hub, such as https://huggingface.co")
        }
        HubError::Proxy => Some(
            "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY are of the form http://HOST:PORT or socks5://HOST:PORT",
        ),
        HubError::Certificates { .. } => {
            Some("SSL_CERT_FILE names a PEM file; without it the authorities that Mozilla trusts are used")
        }
        HubError::Offline { .. } => {
            Some("run once without HF_HUB_OFFLINE, or fetch it with 'embed models pull NAME'")
        }
        HubError::RequestsOff { .. } => Some("run it without HF_HUB_OFFLINE"),
        HubError::NotCached { .. } => Some("'embed models list' shows the models in the cache"),
        HubError::NotFound { with_token: false, .. } => {
            Some("check the name; for a private model set HF_TOKEN to a token that may read it")
        }
        HubError::NotFound { with_token: true, .. } => {
            Some("check the name, and that the token may read the model")
        }
        HubError::RevisionNotFound { .. } => Some("name a branch, a tag or a commit after '@'"),
        HubError::Gated { with_token: false, .. } => {
            Some("accept the conditions on the model's page, then set HF_TOKEN to a token that may read it")
        }
        HubError::Gated { with_token: true, .. } => {
            Some("accept the conditions on the model's page, with the account of the token")
        }
        HubError::TokenRefused { .. } => {
            Some("set HF_TOKEN to a valid token, or unset it and remove the token file for public models")
        }
        HubError::NoFile { .. } | HubError::Pickle { .. } | HubError::Sharded { .. } => {
            Some("name a model whose repository has config.json, tokenizer.json and model.safetensors")
        }
        HubError::TimedOut { .. } => Some("try again, or wait longer with HF_HUB_DOWNLOAD_TIMEOUT=SECONDS"),
        HubError::Unreachable { .. } => {
            Some("check the connection, HF_ENDPOINT and HTTPS_PROXY; HF_HUB_OFFLINE=1 uses the cache only")
        }
        HubError::Cut { .. } => Some("run again: the transfer goes on where it broke off"),
        HubError::WrongBytes { .. } => {
            Some("nothing was kept; try again, or check HF_ENDPOINT and the proxy")
        }
        HubError::Status { .. } | HubError::Answer { .. } => Some("try again later, or check HF_ENDPOINT"),
        HubError::Cache { .. } => Some("HF_HOME and HF_HUB_CACHE say where models are kept"),
        _ => None,
    }
}

fn index_hint(error: &index::Error) -> Option<&'static str> {
    match error {
        index::Error::Missing { .. } | index::Error::Unfinished { .. } => {
            Some("make one with 'embed index PATH'")
        }
        index::Error::NotAnIndex { .. } => {
            Some("--index and EMBED_INDEX name the index folder itself, such as .embed")
        }
        index::Error::NotEmpty { .. } => Some("name a new folder, or an empty one"),
        index::Error::NewerFormat { .. } => {
            Some("update embed, or index again with 'embed index --index OTHER PATH'")
        }
        index::Error::Corrupt { .. } => Some("remove the index folder and index again"),
        index::Error::Locked { .. } | index::Error::Busy { .. } => {
            Some("try again when the other run has ended")
        }
        _ => None,
    }
}

/// Prints a line that is no error, unless the user asked for quiet.
pub(crate) fn note(global: &GlobalArguments, message: &str) {
    if !global.quiet {
        say(printable(message));
    }
}

/// Says what was not read, a line for each reason.
pub(crate) fn note_left_out(global: &GlobalArguments, left_out: &LeftOut) {
    for (omissions, thing) in [(&left_out.files, "file"), (&left_out.rows, "row")] {
        for omission in omissions {
            let count = counted(omission.count, thing);
            note(global, &format!("skipped {count}: {}; first {}", omission.reason, omission.first));
        }
    }
    if left_out.cut_lines > 0 {
        let lines = counted(left_out.cut_lines, "line");
        note(global, &format!("only the first MiB was read of {lines}"));
    }
    note_replacements(global, left_out.replaced_lines);
}

/// Says how many lines were not UTF-8, if any.
pub(crate) fn note_replacements(global: &GlobalArguments, lines: u64) {
    if lines > 0 {
        note(global, &format!("bytes that are not UTF-8 were replaced in {}", counted(lines, "line")));
    }
}
