//! Hints for errors: the one place that knows which flag or variable helps.

#[cfg(feature = "server")]
use std::io::ErrorKind;

use anyhow::Error;
use embed::engine::{
    CorpusError, Device, DocumentsError, EmbedError, EngineError, ExportError, Identity, ImportError,
    IndexError, IndexingError, ModelError, ModelMismatch, NpyError, StreamError, UnknownConfidence,
};
use embed::http::HttpError;
use embed::hub::HubError;
#[cfg(feature = "providers")]
use embed::providers::{AnswerProblem, ProviderError};
#[cfg(feature = "server")]
use embed::server::ServerError;

use crate::cli::usage::UsageError;

/// A hint for `error`, if it adds to the message.
pub(crate) fn hint(error: &Error) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<UsageError>() {
        return error.hint();
    }
    if let Some(error) = error.downcast_ref::<EngineError>() {
        return engine_hint(error);
    }
    if let Some(error) = error.downcast_ref::<StreamError>() {
        return match error {
            StreamError::Corpus(error) => corpus_hint(error),
            StreamError::Embed(error) => embed_hint(error),
        };
    }
    if let Some(error) = error.downcast_ref::<CorpusError>() {
        return corpus_hint(error);
    }
    if let Some(error) = error.downcast_ref::<EmbedError>() {
        return embed_hint(error);
    }
    if let Some(error) = error.downcast_ref::<NpyError>() {
        return npy_hint(error);
    }
    #[cfg(feature = "providers")]
    if let Some(error) = error.downcast_ref::<ProviderError>() {
        return provider_hint(error);
    }
    #[cfg(feature = "server")]
    if let Some(error) = error.downcast_ref::<ServerError>() {
        return server_hint(error);
    }
    if let Some(error) = error.downcast_ref::<HubError>() {
        return hub_hint(error);
    }
    model_hint(error.downcast_ref()?)
}

fn engine_hint(error: &EngineError) -> Option<&'static str> {
    match error {
        EngineError::Index(error) => index_hint(error),
        EngineError::Corpus(error) => corpus_hint(error),
        EngineError::Indexing(error) => indexing_hint(error),
        EngineError::Model(error) => model_hint(error),
        EngineError::Embed(error) => embed_hint(error),
        EngineError::Hub(error) => error.downcast_ref().and_then(UsageError::hint),
        EngineError::Import(error) => import_hint(error),
        EngineError::Export(error) => export_hint(error),
        EngineError::OtherModel(mismatch) => Some(mismatch_hint(mismatch)),
        EngineError::OtherQueryPrefix { .. } => Some(
            "use --query-prefix when you search, or store it with 'embed index --rebuild --query-prefix TEXT'",
        ),
        EngineError::ExternalModel { .. } => Some(
            "search with 'embed search --vector FILE.npy', add with 'embed import', or embed the texts again with 'embed index --rebuild --model MODEL'",
        ),
        EngineError::ExternalModelSettings { .. } => {
            Some("leave out --pooling, --dimensions, prefixes and prompts, or name a model folder")
        }
        EngineError::NoFilesOfService { .. } => Some("'embed eval' measures models of services"),
        EngineError::LocalSetting { .. } => Some("leave out --pooling, --precision, --device and prompts"),
        EngineError::NoModelName => Some("name the model that computed the vectors with --model-name NAME"),
        EngineError::RepairedElsewhere { .. } => Some("'embed index --rebuild' makes the index anew"),
        EngineError::BeyondRepair { .. } => Some("remove the index folder and index again"),
        EngineError::NoWords { .. } => Some("run 'embed index' to add them, or search with --by meaning"),
        EngineError::UnknownConfidence(UnknownConfidence::OlderIndex) => {
            Some("run 'embed index' to add words, or leave out --min-confidence")
        }
        EngineError::UnknownConfidence(_) => Some("leave out --min-confidence; --min-score bounds the score"),
        EngineError::WordsOfVectors => Some(
            "--by words cannot be used with --vector, --like, --plus or --minus; use --by meaning or --by both",
        ),
        EngineError::NoDirection => Some("add or subtract something else"),
        EngineError::UnknownId { .. } => Some("use an id from the results of a search with --jsonl"),
        EngineError::NotIndexed { .. } => Some("'embed list' shows the sources of the index"),
        EngineError::EmptyName => {
            Some("name a source as 'embed list' shows it; in a script, an unset variable is an empty name")
        }
        EngineError::RemovesEverything { .. } => Some("use --yes to remove them"),
        EngineError::NoFiles { .. } => {
            Some("hidden and ignored files are left out; see --hidden, --no-ignore and --glob")
        }
        _ => None,
    }
}

fn corpus_hint(error: &CorpusError) -> Option<&'static str> {
    match error {
        CorpusError::NotText { .. } => Some("if it is UTF-16, give its --encoding"),
        CorpusError::StandardInputTwice => Some("name '-' only once"),
        CorpusError::TooLarge { .. } => Some("read it line by line with --input-format lines"),
        CorpusError::TooManyAttributes { .. } => Some("read it as plain text with --input-format code"),
        CorpusError::OtherSeparator { separator: '\t', .. } => Some("read it with --input-format tsv"),
        CorpusError::OtherSeparator { .. } => Some("save it with commas, or with tabs as a .tsv file"),
        CorpusError::NoTextField { .. } => Some("name the field of the text with --text"),
        CorpusError::NoIdField { .. } => Some("name another field with --id"),
        CorpusError::NoRecord { .. } => Some("give its format with --input-format"),
        CorpusError::NotJsonArray { .. } => Some("for one object per line, give --input-format jsonl"),
        CorpusError::NotRecords { .. } => Some("give --input-format lines, csv, tsv, jsonl or json"),
        CorpusError::Overlap { .. } => Some("give a smaller --passage-overlap or a larger --passage-tokens"),
        _ => None,
    }
}

fn mismatch_hint(mismatch: &ModelMismatch) -> &'static str {
    if let (Identity::Served(indexed), Identity::Served(requested)) =
        (&mismatch.indexed.identity, &mismatch.requested.identity)
        && indexed.model == requested.model
        && indexed.host != requested.host
    {
        return "set OPENAI_BASE_URL or VOYAGE_BASE_URL to the address that the index was made with, or name it with --model";
    }
    if mismatch.indexed.is_external() || mismatch.requested.is_external() {
        "name the model of the index or none, or another index with --index DIR"
    } else {
        "leave out the model's flags to use those of the index, or repeat them with 'embed index --rebuild'"
    }
}

fn indexing_hint(error: &IndexingError) -> Option<&'static str> {
    match error {
        IndexingError::Index(error) => index_hint(error),
        IndexingError::Embed(error) => embed_hint(error),
        IndexingError::NoTexts { .. } => {
            Some("remove it with 'embed remove', or import its vectors into a separate index")
        }
        IndexingError::Corpus(error) => corpus_hint(error),
    }
}

fn embed_hint(error: &EmbedError) -> Option<&'static str> {
    #[cfg(feature = "providers")]
    if let Some(error) = error.downcast_ref() {
        return provider_hint(error);
    }
    #[cfg(not(feature = "providers"))]
    if error.downcast_ref::<crate::cli::services::NoServices>().is_some() {
        return Some("build embed with --features providers");
    }
    error.downcast_ref().and_then(model_hint)
}

#[cfg(feature = "providers")]
fn provider_hint(error: &ProviderError) -> Option<&'static str> {
    Some(match error {
        ProviderError::Name { .. } => {
            "name it as openai:text-embedding-3-small, voyage:voyage-3.5, or 'http://HOST:PORT/v1#MODEL', whose key belongs in EMBED_API_KEY"
        }
        ProviderError::BaseUrl { .. } => "name the address up to /embeddings, such as https://HOST/v1",
        ProviderError::NoKey { .. } | ProviderError::InvalidKey { .. } => {
            "set the variable to the key itself; keys are never read from flags"
        }
        ProviderError::Http(error) => http_hint(error),
        ProviderError::Dimensions { .. } => "leave out --dimensions for the model's own number",
        ProviderError::UnnamedServer { .. } => {
            "name it with --model URL#NAME, or set EMBED_API_URL to its address; EMBED_API_KEY is sent only then"
        }
        ProviderError::TextRefused { .. } => {
            "remove the text or shorten it; --passage-tokens sets the size of passages"
        }
        ProviderError::KeyRefused { variable: "OPENAI_API_KEY", .. } => "set OPENAI_API_KEY to a valid key",
        ProviderError::KeyRefused { variable: "VOYAGE_API_KEY", .. } => "set VOYAGE_API_KEY to a valid key",
        ProviderError::KeyRefused { .. } => "set EMBED_API_KEY to the key of the server",
        ProviderError::NotFound { .. } => {
            "check the name of the model; if the server has another path, name it up to /embeddings, as in http://HOST/embeddings#MODEL"
        }
        ProviderError::QuotaSpent { .. } => {
            "add credit to the account and run again: what is in the index is not sent again"
        }
        ProviderError::RateLimited { .. } => {
            "run again later: what is in the index is not sent again; a smaller --concurrency sends fewer requests at a time"
        }
        ProviderError::Unreachable { by_proxy: true, .. } => {
            "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY; NO_PROXY names hosts that are reached directly"
        }
        ProviderError::Failing { .. } | ProviderError::Unreachable { .. } => {
            "check the address in --model, OPENAI_BASE_URL or VOYAGE_BASE_URL, or run again later: what is in the index is not sent again"
        }
        ProviderError::Refused { .. } => "check the name of the model, and what the service says of it",
        ProviderError::Answer { problem: AnswerProblem::WebPage | AnswerProblem::NotJson { .. }, .. } => {
            "check the address in --model, OPENAI_BASE_URL or VOYAGE_BASE_URL: it ends before /embeddings"
        }
        ProviderError::TimedOut { .. } => "run again, or wait longer with EMBED_API_TIMEOUT=SECONDS",
        ProviderError::Redirect { .. } => "name the final address",
        ProviderError::Answer { problem: AnswerProblem::OtherModel { .. }, .. } => {
            "the service moved the name to another model; embed the texts again with 'embed index --rebuild'"
        }
        ProviderError::Answer { problem: AnswerProblem::Dimension { .. }, .. } => {
            "the model has changed; embed the texts again with 'embed index --rebuild'"
        }
        ProviderError::TooExpensive { .. } => {
            "raise --max-cost; 'embed index --dry-run', with --rebuild or without, says what a run costs"
        }
        ProviderError::NoPrice { .. } => "give the price of a million tokens with --price",
        _ => return None,
    })
}

#[cfg(feature = "server")]
fn server_hint(error: &ServerError) -> Option<&'static str> {
    match error {
        ServerError::Address { source, .. } if source.kind() == ErrorKind::AddrInUse => {
            Some("another program listens there; choose another --listen, or port 0 for any free one")
        }
        ServerError::Socket { source, .. } if source.kind() == ErrorKind::AddrInUse => {
            Some("another program listens there, or the file is no socket; choose another --socket")
        }
        ServerError::Socket { source, .. } if source.kind() == ErrorKind::NotFound => {
            Some("make the folder of the socket first")
        }
        ServerError::NoAgent => {
            Some("an agent starts this command; see 'embed mcp --help' for its configuration")
        }
        ServerError::NoKey { .. } => Some("give a key with --api-key-file FILE, or listen on 127.0.0.1"),
        _ => None,
    }
}

fn import_hint(error: &ImportError) -> Option<&'static str> {
    match error {
        ImportError::Npy(error) => npy_hint(error),
        ImportError::Index(error) => index_hint(error),
        ImportError::Documents(DocumentsError::Field { field: "text", .. }) => {
            Some("each line must be an object such as {\"text\": \"...\", \"id\": \"...\"}")
        }
        _ => None,
    }
}

fn export_hint(error: &ExportError) -> Option<&'static str> {
    match error {
        ExportError::Index(error) => index_hint(error),
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
            "name a folder with config.json, tokenizer.json and model.safetensors, ORG/NAME of the hub, or a model of a service: openai:NAME, voyage:NAME or URL#NAME",
        ),
        ModelError::Hub(error) => hub_hint(error),
        ModelError::MissingFile { file: "model.safetensors", .. } => Some(
            "save it as safetensors: model.save_pretrained(FOLDER) in Python's transformers; pickled weights are not read",
        ),
        ModelError::Outside { .. } => Some("put the file itself into the folder, in place of the link"),
        ModelError::NoClassifier { .. } | ModelError::Labels { .. } => Some(
            "name a sequence-classification model with one output, such as cross-encoder/ms-marco-MiniLM-L6-v2",
        ),
        ModelError::UnsupportedCrossEncoder { .. } => {
            Some("name a cross-encoder of BERT, RoBERTa, XLM-R, CamemBERT, DistilBERT or ModernBERT")
        }
        ModelError::CrossEncoder { .. } => {
            Some("use it with 'embed rerank --model MODEL', or name a model that embeds")
        }
        ModelError::NotBundled { .. } => {
            Some("name a model folder with --model, or build with the feature bundled-model")
        }
        ModelError::NoDeviceSupport { device: Device::Cuda } => {
            Some("leave out --device, or build with --features cuda")
        }
        ModelError::NoDeviceSupport { device: Device::Metal } => {
            Some("leave out --device, or build on a Mac with --features metal")
        }
        ModelError::PrecisionUnsupported { .. } => Some("use --precision f32"),
        ModelError::Dimensions { .. } => Some("use --dimensions N, with N at most the model's own"),
        ModelError::UnsupportedPooling { .. } => Some("use --pooling mean or --pooling cls"),
        _ => None,
    }
}

fn hub_hint(error: &HubError) -> Option<&'static str> {
    match error {
        HubError::Name { .. } => Some("name a folder, or ORG/NAME or ORG/NAME@REVISION of the hub"),
        HubError::Endpoint { .. } => {
            Some("HF_ENDPOINT must be the scheme and host of a hub, such as https://huggingface.co")
        }
        HubError::Http(error) => Some(http_hint(error)),
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
        HubError::Cut { .. } => Some("run again: the transfer resumes"),
        HubError::WrongBytes { .. } => {
            Some("nothing was kept; try again, or check HF_ENDPOINT and the proxy")
        }
        HubError::TooLong { .. } => Some("no such model is known; check the name and HF_ENDPOINT"),
        HubError::NoRoom { .. } => Some("free some space, or keep models on another disk with HF_HOME"),
        HubError::Status { .. } | HubError::Answer { .. } => Some("try again later, or check HF_ENDPOINT"),
        HubError::Cache { .. } => Some("HF_HOME and HF_HUB_CACHE set the folder of the cache"),
        _ => None,
    }
}

const fn http_hint(error: &HttpError) -> &'static str {
    match error {
        HttpError::Certificates { .. } => {
            "SSL_CERT_FILE names a PEM file; without it the authorities that Mozilla trusts are used"
        }
        _ => {
            "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY must have the form http://HOST:PORT or socks5://HOST:PORT"
        }
    }
}

fn index_hint(error: &IndexError) -> Option<&'static str> {
    match error {
        IndexError::Missing { .. } | IndexError::Unfinished { .. } => {
            Some("create one with 'embed index PATH'")
        }
        IndexError::NotAnIndex { .. } => {
            Some("--index and EMBED_INDEX name the index folder itself, such as .embed")
        }
        IndexError::NotEmpty { .. } => Some("name a new folder, or an empty one"),
        IndexError::NewerFormat { .. } => {
            Some("update embed, or index again with 'embed index --index OTHER PATH'")
        }
        IndexError::Corrupt { .. } => {
            Some("'embed verify' lists what is damaged, 'embed verify --repair' repairs it")
        }
        IndexError::Locked { .. } => {
            Some("try again when the other run has ended, or wait with --wait SECONDS")
        }
        IndexError::OtherTables { .. } => Some("name another schema: postgres://HOST/DATABASE?schema=NAME"),
        IndexError::Busy { .. } => Some("try again when the other run has ended"),
        _ => None,
    }
}
