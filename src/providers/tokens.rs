//! Tokens of texts: counted where the tokenizer is known, else estimated.

use std::borrow::Cow;

use tiktoken_rs::{CoreBPE, cl100k_base_singleton};

/// How tokens are counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum TokenCounter {
    /// By the tokenizer of OpenAI's embedding models.
    Cl100k,
    /// By the lengths of words; see [`estimate`].
    Estimate,
}

impl TokenCounter {
    /// Whether counts are exact.
    pub(super) const fn is_exact(self) -> bool {
        matches!(self, Self::Cl100k)
    }

    /// The tokens of `text`.
    pub(super) fn count(self, text: &str) -> usize {
        match self {
            Self::Cl100k => tokenizer().count_ordinary(text),
            Self::Estimate => estimate(text),
        }
    }

    /// The longest beginning of `text` of at most `most` tokens, which is `text` itself if it is short enough.
    pub(super) fn cut(self, text: &str, most: usize) -> Cow<'_, str> {
        // No token is shorter than a byte.
        if text.len() <= most || !self.is_exact() {
            return Cow::Borrowed(text);
        }
        let mut tokens = tokenizer().encode_ordinary(text);
        if tokens.len() <= most {
            return Cow::Borrowed(text);
        }
        tokens.truncate(most);
        loop {
            let bytes: usize = tokens.iter().map(|&token| length(token)).sum();
            let end = (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).expect("0 is one");
            let cut = &text[..end];
            // A beginning can have other tokens at its end than the whole text had there.
            if self.count(cut) <= most {
                return Cow::Borrowed(cut);
            }
            tokens.pop();
        }
    }
}

/// The bytes of a token.
fn length(token: u32) -> usize {
    tokenizer().decode_bytes(&[token]).map_or(0, |bytes| bytes.len())
}

fn tokenizer() -> &'static CoreBPE {
    cl100k_base_singleton()
}

/// Bytes of ASCII letters or digits to a token, fewer than tokenizers have on average, so that estimates are too high
/// rather than too low.
const LETTERS: usize = 4;
const DIGITS: usize = 3;

/// The approximate tokens of `text`: of English, up to a third more than OpenAI's tokenizer finds.
fn estimate(text: &str) -> usize {
    let mut tokens = 0;
    let (mut letters, mut digits): (usize, usize) = (0, 0);
    for character in text.chars() {
        if !character.is_ascii_alphabetic() {
            tokens += std::mem::take(&mut letters).div_ceil(LETTERS);
        }
        if !character.is_ascii_digit() {
            tokens += std::mem::take(&mut digits).div_ceil(DIGITS);
        }
        tokens += match character {
            'A'..='Z' | 'a'..='z' => {
                letters += 1;
                0
            }
            '0'..='9' => {
                digits += 1;
                0
            }
            // A space is part of the next token.
            ' ' => 0,
            '\0'..='\u{ffff}' => 1,
            _ => 3,
        };
    }
    tokens + letters.div_ceil(LETTERS) + digits.div_ceil(DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_openai_are_those_of_its_tokenizer() {
        // From OpenAI's `tiktoken`: cl100k_base.
        for (text, tokens) in [
            ("", 0),
            ("tiktoken is great!", 6),
            ("antidisestablishmentarianism", 6),
            ("2 + 2 = 4", 7),
            ("\u{304a}\u{8a95}\u{751f}\u{65e5}\u{304a}\u{3081}\u{3067}\u{3068}\u{3046}", 9),
            ("<|endoftext|>", 7),
        ] {
            assert_eq!(TokenCounter::Cl100k.count(text), tokens, "{text}");
        }
    }

    #[test]
    fn estimates_of_prose_are_at_most_a_third_above_the_count() {
        let text = "Results are exact and the same on every run, and fast enough that nobody wants a daemon. \
                    In 2024, cl100k had 100,256 entries; the function `decode_bytes` returns their bytes.";
        let (exact, estimate) = (TokenCounter::Cl100k.count(text), TokenCounter::Estimate.count(text));
        assert!(estimate >= exact && estimate * 3 <= exact * 4, "{estimate} for {exact}");
    }

    #[test]
    fn estimates_count_each_run_of_letters_and_of_digits() {
        for (text, tokens) in
            [("", 0), ("abcd efghi", 3), ("1a2b3c", 6), ("1234567", 3), ("a,b", 3), ("\u{4f60}\u{597d}", 2)]
        {
            assert_eq!(TokenCounter::Estimate.count(text), tokens, "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_to_the_limit_at_a_character() {
        let text = "caf\u{e9} \u{1f980} ".repeat(50);
        let whole = TokenCounter::Cl100k.count(&text);
        for most in [1, 2, 3, 7, 50, whole - 1] {
            let cut = TokenCounter::Cl100k.cut(&text, most);
            assert!(text.starts_with(&*cut));
            assert!(TokenCounter::Cl100k.count(&cut) <= most, "{most}");
        }
        assert_eq!(TokenCounter::Cl100k.cut(&text, whole), text);
    }
}
