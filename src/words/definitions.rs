//! Keywords that programming languages put before the name of a definition.

/// Sorted.
const DEFINING_WORDS: &[&str] = &[
    "class",
    "const",
    "def",
    "defmodule",
    "enum",
    "fn",
    "fun",
    "func",
    "function",
    "impl",
    "interface",
    "macro",
    "macro_rules",
    "mod",
    "module",
    "namespace",
    "object",
    "proc",
    "procedure",
    "record",
    "struct",
    "sub",
    "subroutine",
    "trait",
    "type",
    "union",
];

/// Whether `word` introduces a definition.
#[must_use]
pub fn is_defining_word(word: &str) -> bool {
    DEFINING_WORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defining_words_are_sorted() {
        assert!(DEFINING_WORDS.is_sorted());
        assert!(is_defining_word("union") && !is_defining_word("let"));
    }
}
