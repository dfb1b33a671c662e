//! The prompts of a model: prefixes that its authors recommend, by name.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Prompts by name, as `config_sentence_transformers.json` lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Prompts(BTreeMap<String, String>);

impl Prompts {
    /// The prompt called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
