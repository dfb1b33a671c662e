//! The flags of the model. Each flag is defined once, in a group; each kind of command flattens the groups it needs.
#![expect(clippy::duplicated_attributes, reason = "several arguments are changed by one function")]

use clap::{Arg, ArgAction, Args, ValueEnum};
use embed::engine::{
    Device, Dimension, EncoderPrecision, ModelRequest, PoolingChoice, Prefix, RerankerRequest,
};

use crate::cli::args::service::ServiceArguments;
use crate::cli::args::values::dimension;

/// Which model, and how its output becomes a vector.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ModelGroup {
    /// A model folder, ORG/NAME[@REVISION] on the hub, a model of a service (openai:NAME, voyage:NAME, URL#NAME), or the bundled BAAI/bge-small-en-v1.5 [default: the index's, else the bundled one]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Vec<String>,
    /// How the token vectors of a text become one vector; auto is what the model's files declare [default: the index's, else mean for the bundled model and auto for others]
    #[arg(long, value_name = "POOLING")]
    pub(crate) pooling: Vec<PoolingArgument>,
    /// Keep the first N components of every vector, for models trained for this [default: the index's, else all]
    #[arg(long, value_name = "N", value_parser = dimension)]
    pub(crate) dimensions: Option<Dimension>,
}

/// How the model computes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EncoderGroup {
    /// The precision of the encoder: f32, or int8, which is faster [default: the index's, else f32]
    #[arg(long, value_name = "PRECISION")]
    pub(crate) precision: Vec<EncoderPrecision>,
    /// Run the model on this device; cuda and metal need a build with the feature of that name
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub(crate) device: DeviceArgument,
}

/// The prefix of queries.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct QueryPrefixGroup {
    /// Text to put before every query [default: the index's, else none]
    #[arg(long, value_name = "TEXT")]
    pub(crate) query_prefix: Vec<String>,
}

/// The prefix of documents.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DocumentPrefixGroup {
    /// Text to put before every document [default: the index's, else none]
    #[arg(long, value_name = "TEXT")]
    pub(crate) document_prefix: Option<String>,
}

/// A prompt of the model.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PromptGroup {
    /// Put the model's own prompt of this name, such as query, before every query
    #[arg(long, value_name = "NAME")]
    pub(crate) prompt: Option<String>,
}

/// A prompt of the model for documents, in addition to one for queries.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DocumentPromptGroup {
    /// Put the model's own prompt of this name, such as document or passage, before every document
    #[arg(long, value_name = "NAME", conflicts_with = "document_prefix")]
    pub(crate) document_prompt: Option<String>,
}

/// For commands that embed queries and documents.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("model", once), mut_arg("pooling", once), mut_arg("precision", once))]
#[command(mut_arg("query_prefix", once))]
#[command(mut_arg("prompt", |prompt| prompt.conflicts_with("query_prefix")))]
pub(crate) struct ModelArguments {
    #[command(flatten)]
    model: ModelGroup,
    #[command(flatten)]
    encoder: EncoderGroup,
    #[command(flatten)]
    query_prefix: QueryPrefixGroup,
    #[command(flatten)]
    document_prefix: DocumentPrefixGroup,
    #[command(flatten)]
    prompt: PromptGroup,
    #[command(flatten)]
    document_prompt: DocumentPromptGroup,
    #[command(flatten)]
    pub(crate) service: ServiceArguments,
}

impl ModelArguments {
    pub(crate) fn request(&self) -> ModelRequest {
        let Self { prompt, document_prompt, .. } = self;
        ModelRequest {
            query_prefix: prefix(self.query_prefix.query_prefix.first(), prompt.prompt.as_ref()),
            document_prefix: prefix(
                self.document_prefix.document_prefix.as_ref(),
                document_prompt.document_prompt.as_ref(),
            ),
            ..request_of(&self.model, &self.encoder)
        }
    }

    /// The request of a command whose texts are all documents: --prompt applies to them.
    pub(crate) fn request_for_documents(&self) -> ModelRequest {
        let request = self.request();
        match &self.prompt.prompt {
            Some(prompt) => ModelRequest {
                query_prefix: None,
                document_prefix: Some(Prefix::Prompt(prompt.clone())),
                ..request
            },
            None => request,
        }
    }
}

/// For commands whose texts are all documents.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("model", once), mut_arg("pooling", once), mut_arg("precision", once))]
#[command(mut_arg("document_prefix", |prefix| prefix.help("Text to put before every text [default: the index's, else none]")))]
#[command(mut_arg("prompt", of_every_text), mut_arg("prompt", |prompt| prompt.conflicts_with("document_prefix")))]
pub(crate) struct TextModelArguments {
    #[command(flatten)]
    model: ModelGroup,
    #[command(flatten)]
    encoder: EncoderGroup,
    #[command(flatten)]
    document_prefix: DocumentPrefixGroup,
    #[command(flatten)]
    prompt: PromptGroup,
    #[command(flatten)]
    pub(crate) service: ServiceArguments,
}

impl TextModelArguments {
    pub(crate) fn request(&self) -> ModelRequest {
        ModelRequest {
            document_prefix: prefix(
                self.document_prefix.document_prefix.as_ref(),
                self.prompt.prompt.as_ref(),
            ),
            ..request_of(&self.model, &self.encoder)
        }
    }
}

/// For a command that measures several models side by side.
#[derive(Debug, Clone, Args)]
#[command(mut_args = without_index)]
#[command(mut_arg("model", repeatable), mut_arg("pooling", repeatable))]
#[command(mut_arg("precision", repeatable), mut_arg("query_prefix", repeatable))]
pub(crate) struct ComparedModelsArguments {
    #[command(flatten)]
    model: ModelGroup,
    #[command(flatten)]
    encoder: EncoderGroup,
    #[command(flatten)]
    query_prefix: QueryPrefixGroup,
    #[command(flatten)]
    document_prefix: DocumentPrefixGroup,
    #[command(flatten)]
    pub(crate) service: ServiceArguments,
}

impl ComparedModelsArguments {
    /// Every model with every pooling and every precision.
    pub(crate) fn requests(&self) -> Vec<ModelRequest> {
        let mut requests = Vec::new();
        for name in &each(&self.model.model) {
            for &pooling in &each(&self.model.pooling) {
                requests.extend(each(&self.encoder.precision).into_iter().map(|precision| ModelRequest {
                    name: name.clone(),
                    pooling: pooling.map(PoolingChoice::from),
                    precision,
                    document_prefix: self.document_prefix.document_prefix.clone().map(Prefix::Text),
                    ..request_of(&self.model, &self.encoder)
                }));
            }
        }
        requests
    }

    pub(crate) fn query_prefixes(&self) -> Vec<String> {
        each(&self.query_prefix.query_prefix).into_iter().map(Option::unwrap_or_default).collect()
    }
}

/// The typed values, or a single `None`.
fn each<T: Clone>(typed: &[T]) -> Vec<Option<T>> {
    if typed.is_empty() { vec![None] } else { typed.iter().cloned().map(Some).collect() }
}

/// For a command that takes vectors that a model computed elsewhere.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("model", of_given_vectors), mut_arg("pooling", once), mut_arg("query_prefix", once))]
#[command(mut_arg("pooling", |pooling| pooling.help("How the model's token vectors became one vector [default: the index's, else as for other commands]")))]
#[command(mut_arg("document_prefix", |prefix| prefix.help("Text that was put before every document [default: the index's, else none]")))]
#[command(mut_arg("dimensions", |dimensions| dimensions.help("The vectors are the first N components of the model's [default: the index's, else all]")))]
pub(crate) struct GivenVectorsArguments {
    #[command(flatten)]
    model: ModelGroup,
    #[command(flatten)]
    query_prefix: QueryPrefixGroup,
    #[command(flatten)]
    document_prefix: DocumentPrefixGroup,
}

impl GivenVectorsArguments {
    pub(crate) fn request(&self) -> ModelRequest {
        ModelRequest {
            query_prefix: prefix(self.query_prefix.query_prefix.first(), None),
            document_prefix: prefix(self.document_prefix.document_prefix.as_ref(), None),
            ..request_of(&self.model, &EncoderGroup::default())
        }
    }
}

/// For a command that takes a cross-encoder; none is bundled.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("precision", once), mut_arg("precision", without_index))]
pub(crate) struct CrossEncoderArguments {
    /// A cross-encoder: a model folder, or ORG/NAME[@REVISION] on the hub
    #[arg(long, value_name = "MODEL")]
    model: String,
    #[command(flatten)]
    encoder: EncoderGroup,
}

impl CrossEncoderArguments {
    pub(crate) fn request(&self) -> RerankerRequest {
        RerankerRequest {
            name: self.model.clone(),
            precision: self.encoder.precision.first().copied().unwrap_or_default(),
            device: self.encoder.device.into(),
        }
    }
}

/// The request for one model from the flags of these groups.
fn request_of(model: &ModelGroup, encoder: &EncoderGroup) -> ModelRequest {
    ModelRequest {
        name: model.model.first().cloned(),
        pooling: model.pooling.first().copied().map(PoolingChoice::from),
        precision: encoder.precision.first().copied(),
        dimensions: model.dimensions,
        device: encoder.device.into(),
        ..ModelRequest::default()
    }
}

/// The text that was typed, or the prompt that was named.
fn prefix(text: Option<&String>, prompt: Option<&String>) -> Option<Prefix> {
    text.cloned().map(Prefix::Text).or_else(|| prompt.cloned().map(Prefix::Prompt))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DeviceArgument {
    #[default]
    Cpu,
    Cuda,
    Metal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolingArgument {
    Mean,
    Cls,
    Auto,
}

impl From<DeviceArgument> for Device {
    fn from(argument: DeviceArgument) -> Self {
        match argument {
            DeviceArgument::Cpu => Self::Cpu,
            DeviceArgument::Cuda => Self::Cuda,
            DeviceArgument::Metal => Self::Metal,
        }
    }
}

impl From<PoolingArgument> for PoolingChoice {
    fn from(argument: PoolingArgument) -> Self {
        match argument {
            PoolingArgument::Mean => Self::Mean,
            PoolingArgument::Cls => Self::Cls,
            PoolingArgument::Auto => Self::Auto,
        }
    }
}

/// Makes a second occurrence of a flag an error.
fn once(flag: Arg) -> Arg {
    flag.action(ArgAction::Set)
}

/// States in the help of a flag that each of its values is measured.
fn repeatable(flag: Arg) -> Arg {
    reworded(flag, |help| help.replace(" [default:", "; repeatable, each is measured [default:"))
}

/// Rewords the help of a flag for a command that takes no model from an index.
pub(crate) fn without_index(flag: Arg) -> Arg {
    reworded(flag, |help| help.replace("[default: the index's, else ", "[default: "))
}

/// Rewords the help of --prompt for a command that does not distinguish queries from documents.
fn of_every_text(prompt: Arg) -> Arg {
    prompt.help("Put the model's own prompt of this name before every text")
}

/// Makes --prompt the prompt of every text.
pub(crate) fn prompt_of_every_text(prompt: Arg) -> Arg {
    of_every_text(prompt).conflicts_with_all(["document_prefix", "document_prompt"])
}

/// Makes --model the name of the model that computed the vectors.
fn of_given_vectors(model: Arg) -> Arg {
    once(model).long("model-name").value_name("NAME").help(
        "The model that computed the vectors; text queries work if it is available here [default: the index's]",
    )
}

fn reworded(flag: Arg, reword: impl FnOnce(String) -> String) -> Arg {
    match flag.get_help().map(ToString::to_string) {
        Some(help) => flag.help(reword(help)),
        None => flag,
    }
}
