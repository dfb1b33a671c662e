//! Vectors of the texts or token ids of a request, for the protocols that ask for them.

use serde::Deserialize;

use crate::engine::{Dimension, Embedder, Input, Role, TokenEmbedder, TokenizedText, UnitVectors};
use crate::server::problem::Problem;
use crate::server::service::Task;

/// Bytes of a component of a vector in memory and as text.
const BYTES_OF_COMPONENT: usize = 4 + 12;

/// Bytes of a text that are tokenized at a time: many times what a model takes.
const PART: usize = 64 * 1024;

/// Texts, or token ids of the model's own vocabulary.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a text, a list of texts, a list of token ids, or a list of such lists"
)]
pub(super) enum Inputs {
    Text(String),
    Texts(Vec<String>),
    Ids(Vec<u32>),
    IdLists(Vec<Vec<u32>>),
}

/// One of several inputs.
enum OneInput<'a> {
    Text(&'a str),
    Ids(&'a [u32]),
}

/// How inputs are embedded.
#[derive(Debug, Clone, Copy)]
pub(super) struct EmbedOptions {
    pub(super) role: Role,
    pub(super) too_long: TooLong,
    pub(super) dimensions: Option<usize>,
    /// The field of the inputs, for refusals.
    pub(super) field: &'static str,
}

/// What happens to a text beyond the model's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooLong {
    Refused,
    Cut,
}

/// Vectors in the order of the inputs, and the number of tokens.
pub(super) struct EmbeddedInputs {
    pub(super) vectors: UnitVectors,
    pub(super) tokens: usize,
}

impl Inputs {
    fn len(&self) -> usize {
        match self {
            Self::Text(_) | Self::Ids(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::IdLists(lists) => lists.len(),
        }
    }

    fn get(&self, number: usize) -> OneInput<'_> {
        match self {
            Self::Text(text) => OneInput::Text(text),
            Self::Texts(texts) => OneInput::Text(&texts[number]),
            Self::Ids(ids) => OneInput::Ids(ids),
            Self::IdLists(lists) => OneInput::Ids(&lists[number]),
        }
    }

    fn has_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Texts(texts) => texts.is_empty() || texts.iter().any(String::is_empty),
            Self::Ids(ids) => ids.is_empty(),
            Self::IdLists(lists) => lists.is_empty() || lists.iter().any(Vec::is_empty),
        }
    }
}

/// The vectors of `inputs`, which are encoded as long as the client waits.
pub(super) fn embed_inputs(
    task: &mut Task<'_>,
    inputs: &Inputs,
    options: EmbedOptions,
) -> Result<EmbeddedInputs, Problem> {
    let limits = &task.service.limits;
    if inputs.has_empty() {
        return Err(Problem { code: "empty", ..Problem::invalid("an input is empty") }.of(options.field));
    }
    if inputs.len() > limits.inputs {
        let message =
            format!("a request has at most {} inputs, this one has {}", limits.inputs, inputs.len());
        return Err(Problem::too_much(message).of(options.field));
    }
    let dimension = task.service.model.description().dimension;
    let kept = kept_dimension(options.dimensions, dimension)?;
    task.hold(inputs.len() * dimension.get() * BYTES_OF_COMPONENT)?;
    let model = std::sync::Arc::clone(&task.service.model);
    let embedded = match model.token_embedder() {
        Some(tokenizer) => {
            let texts = tokenize(task, tokenizer, inputs, options)?;
            let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            // The lanes drop what is no longer wanted.
            let vectors = tokenizer.embed_tokens(&texts)?;
            EmbeddedInputs { vectors, tokens: texts.iter().map(|ids| ids.len()).sum() }
        }
        None => embed_texts(task, &*model, inputs, options)?,
    };
    task.service.metrics.count_texts(embedded.vectors.len(), embedded.tokens);
    match kept {
        None => Ok(embedded),
        Some(kept) => Ok(EmbeddedInputs { vectors: cut(&embedded.vectors, kept)?, ..embedded }),
    }
}

fn kept_dimension(requested: Option<usize>, all: Dimension) -> Result<Option<Dimension>, Problem> {
    let Some(requested) = requested.filter(|&requested| requested != all.get()) else { return Ok(None) };
    match Dimension::new(requested).filter(|kept| kept.get() < all.get()) {
        Some(kept) => Ok(Some(kept)),
        None => Err(Problem::invalid(format!("dimensions is from 1 to {}", all.get())).of("dimensions")),
    }
}

fn cut(vectors: &UnitVectors, kept: Dimension) -> Result<UnitVectors, Problem> {
    let mut shorter = UnitVectors::new(kept);
    for row in vectors.rows() {
        shorter.push(&row[..kept.get()]).map_err(|error| Problem::failed(error.to_string()))?;
    }
    Ok(shorter)
}

/// The token ids of the inputs, within the limits of a request.
fn tokenize(
    task: &mut Task<'_>,
    tokenizer: &dyn TokenEmbedder,
    inputs: &Inputs,
    options: EmbedOptions,
) -> Result<Vec<Vec<u32>>, Problem> {
    let mut texts = Vec::with_capacity(inputs.len());
    let mut tokens = 0;
    for number in 0..inputs.len() {
        let (text, all) = match inputs.get(number) {
            OneInput::Text(text) => {
                let ids =
                    token_ids(tokenizer, options.role, text).map_err(|problem| problem.of(options.field))?;
                let is_refused = ids.truncated && options.too_long == TooLong::Refused;
                let all = if is_refused { length(task, tokenizer, text)? } else { ids.ids.len() };
                (ids, all)
            }
            OneInput::Ids(ids) => framed(task, tokenizer, ids, options)?,
        };
        if text.truncated && options.too_long == TooLong::Refused {
            return Err(too_long(number, all, text.ids.len()).of(options.field));
        }
        tokens += text.ids.len();
        check_tokens(task, tokens, options)?;
        task.hold(size_of_val(text.ids.as_slice()))?;
        task.check_wanted()?;
        texts.push(text.ids);
    }
    Ok(texts)
}

/// The refusal of an input of more tokens than the model takes.
fn too_long(number: usize, tokens: usize, most: usize) -> Problem {
    let message = format!("input {number} has {tokens} tokens, the model takes {most}");
    Problem { code: "context_length_exceeded", ..Problem::invalid(message) }
}

/// Refuses more tokens than a request may have.
fn check_tokens(task: &Task<'_>, tokens: usize, options: EmbedOptions) -> Result<(), Problem> {
    if tokens > task.service.limits.tokens {
        let message = format!("a request has at most {} tokens", task.service.limits.tokens);
        return Err(Problem::too_much(message).of(options.field));
    }
    Ok(())
}

/// The token ids of `text`. The beginning of a long text is truncated, whatever follows; where it is not, it is no text but a
/// word or a gap without an end, which would take a hundred times its bytes.
fn token_ids(tokenizer: &dyn TokenEmbedder, role: Role, text: &str) -> Result<TokenizedText, Problem> {
    let beginning = tokenizer.token_ids(role, first_part(text))?;
    if text.len() > PART && !beginning.truncated {
        let message = format!("an input has a word or a gap of {PART} bytes");
        return Err(Problem { code: "context_length_exceeded", ..Problem::invalid(message) });
    }
    Ok(beginning)
}

/// The tokens of `text`, special tokens included. A long text is counted part by part, so that the memory of its tokens is
/// bounded.
fn length(task: &Task<'_>, tokenizer: &dyn TokenEmbedder, text: &str) -> Result<usize, Problem> {
    let special = tokenizer.tokens("")?.len();
    let (mut rest, mut tokens) = (text, special);
    while !rest.is_empty() {
        task.check_wanted()?;
        let part = first_part(rest);
        tokens += tokenizer.tokens(part)?.len() - special;
        rest = &rest[part.len()..];
    }
    Ok(tokens)
}

/// The first [`PART`] bytes or less, up to white space where there is some.
pub(super) fn first_part(text: &str) -> &str {
    if text.len() <= PART {
        return text;
    }
    let end = (0..=PART).rev().find(|&end| text.is_char_boundary(end)).expect("a text begins at a boundary");
    let space = text[..end].rfind(char::is_whitespace).filter(|&space| space > 0);
    &text[..space.unwrap_or(end)]
}

/// Ids from the client, between the special tokens, and cut to the model's limit; and how many there were.
fn framed(
    task: &Task<'_>,
    tokenizer: &dyn TokenEmbedder,
    ids: &[u32],
    options: EmbedOptions,
) -> Result<(TokenizedText, usize), Problem> {
    let size = tokenizer.vocabulary_size();
    if let Some(id) = ids.iter().find(|&&id| id as usize >= size) {
        let message = format!(
            "the token id {id} is not in the vocabulary of {} ({size} entries): send texts, or ids of its own tokenizer",
            task.service.model_name()
        );
        return Err(Problem::invalid(message).of(options.field));
    }
    let most = task.service.model.description().max_tokens as usize;
    let framed = tokenizer.with_special_tokens(ids)?;
    let all = framed.len();
    let Some(cut) = all.checked_sub(most).filter(|&cut| cut > 0) else {
        return Ok((TokenizedText { ids: framed, truncated: false }, all));
    };
    let mut ids = tokenizer.with_special_tokens(&ids[..ids.len().saturating_sub(cut)])?;
    ids.truncate(most);
    Ok((TokenizedText { ids, truncated: true }, all))
}

/// For a model whose tokens are not computed here: they are counted before anything is sent.
fn embed_texts(
    task: &Task<'_>,
    model: &dyn Embedder,
    inputs: &Inputs,
    options: EmbedOptions,
) -> Result<EmbeddedInputs, Problem> {
    let texts: Vec<&str> = match inputs {
        Inputs::Text(text) => vec![text],
        Inputs::Texts(texts) => texts.iter().map(String::as_str).collect(),
        Inputs::Ids(_) | Inputs::IdLists(_) => {
            return Err(Problem::invalid("this model takes texts only, not token ids").of(options.field));
        }
    };
    let (mut tokens, most) = (0_usize, model.longest_document());
    for (number, text) in texts.iter().enumerate() {
        task.check_wanted()?;
        let length = model.count_tokens(text);
        if length > most && options.too_long == TooLong::Refused {
            return Err(too_long(number, length, most).of(options.field));
        }
        tokens += length;
        check_tokens(task, tokens, options)?;
    }
    let inputs: Vec<Input<'_>> = texts.into_iter().map(Input::Text).collect();
    let embedded = model.embed(options.role, &inputs)?;
    Ok(EmbeddedInputs { vectors: embedded.vectors, tokens: embedded.tokens })
}
