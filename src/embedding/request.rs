//! A request for the embedder of a service.

use super::ModelDescription;
use crate::vectors::Dimension;

/// The requested model of a service and its settings. Each omitted setting is that of `defaults`, else none.
#[derive(Debug, Clone, Copy)]
pub struct EmbedderRequest<'a> {
    /// The name of the model.
    pub name: &'a str,
    /// The prefix of every query.
    pub query_prefix: Option<&'a str>,
    /// The prefix of every document.
    pub document_prefix: Option<&'a str>,
    /// The number of components of every vector to keep.
    pub dimensions: Option<Dimension>,
    /// The model whose settings are the defaults: that of an index.
    pub defaults: Option<&'a ModelDescription>,
    /// The model of an index whose vectors will meet those of the embedder; `None` if the index is rebuilt.
    pub indexed: Option<&'a ModelDescription>,
    /// The dimension of vectors that were computed elsewhere, if the embedder only describes their model.
    pub imported: Option<Dimension>,
    /// Who named the model.
    pub named_by: NamedBy,
}

impl<'a> EmbedderRequest<'a> {
    /// A request for the model `name`, named by the user, with its defaults.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self {
            name,
            query_prefix: None,
            document_prefix: None,
            dimensions: None,
            defaults: None,
            indexed: None,
            imported: None,
            named_by: NamedBy::User,
        }
    }
}

/// Who named a model. An index can come from anybody, so its word alone opens no connection to an unknown host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The user, in this run.
    User,
    /// The index.
    Index,
}
