//! The terms of one text, counted.

use std::collections::HashMap;

use super::analysis::{is_definition, terms_of};

/// How often a text has each of its terms, and its length in terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTerms {
    /// Each term once, in no stated order.
    pub counts: HashMap<Box<str>, u32>,
    /// The number of terms, each as often as it occurs; at most 65,535.
    pub length: u16,
}

impl TextTerms {
    /// The terms of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut counts: HashMap<Box<str>, u32> = HashMap::new();
        let mut length = 0_usize;
        terms_of(text, |term| {
            length += usize::from(!is_definition(term));
            match counts.get_mut(term) {
                Some(count) => *count += 1,
                None => drop(counts.insert(term.into(), 1)),
            }
        });
        Self { counts, length: u16::try_from(length).unwrap_or(u16::MAX) }
    }
}
