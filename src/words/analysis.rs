//! From a text to its terms.
//!
//! - A *part* is a run of letters, or of digits: `parseHTTPFile2` has the parts `parse`, `HTTP`, `File` and `2`. Parts
//!   are lower-cased, accents are removed (vowel signs, as in Devanagari, stay), and English words are stemmed. Stop
//!   words are dropped.
//! - A *whole* is a run without spaces that consists of several parts: a name in camel case or snake case, a version, a
//!   date, a number with decimals, an id (`cosine_similarity`, `0.19`, `2023-09-30`, `INV-2024-0071`). It is a term in
//!   addition to its parts. Hyphenated words yield only their parts.
//! - A *name* is a whole that looks like an identifier: snake case, camel case with parts of at least three letters, a
//!   version, a date, an id with two connectors. After a word such as `fn` or `class`, an extra term marks its
//!   definition; it begins with [`DEFINITION`].
//! - Scripts without spaces between words (Chinese, Japanese, Korean, Thai and others) yield each character and each
//!   pair of adjacent characters. A symbol such as an emoji is one term.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use waken_snowball::{Algorithm, stem};

use super::definitions::is_defining_word;
use super::stop_words::is_stop_word;

/// Raise it when the terms of any text change: an index with another version is analyzed again.
pub const ANALYSIS_VERSION: u32 = 2;

/// The first character of the term for the definition of a name. No other term begins with it.
const DEFINITION: char = '=';

/// The fewest letters of each part of a camel-case name; `mRNA` has shorter parts and is not a name.
const SHORTEST_HUMP: usize = 3;

/// Longer terms are cut: users do not type them, and encoded data contains many.
const LONGEST_TERM: usize = 64;

/// Passes every term of `text` to `take`, in the order of the text; a term that occurs twice is passed twice.
pub fn terms_of(text: &str, mut take: impl FnMut(&str)) {
    for_each_token(text, |token| match token {
        Token::Part(word) => take_part(word, &mut take),
        Token::Whole(term)
        | Token::Name(term)
        | Token::Definition(term)
        | Token::Character(term)
        | Token::Pair(term) => take(cut(term)),
    });
}

/// Passes the terms of the words that [`plain_words`] has, without those of what is written together.
pub(super) fn word_terms(text: &str, mut take: impl FnMut(&str)) {
    for_each_token(text, |token| match token {
        Token::Part(word) => take_part(word, &mut take),
        Token::Character(character) => take(character),
        Token::Whole(_) | Token::Name(_) | Token::Definition(_) | Token::Pair(_) => {}
    });
}

fn take_part(word: &str, take: &mut impl FnMut(&str)) {
    if word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        if !is_stop_word(word) {
            take(cut(&stem(Algorithm::English, word)));
        }
    } else {
        take(cut(word));
    }
}

/// Passes the term of every name in `text` to `take`.
pub(super) fn names_of(text: &str, mut take: impl FnMut(&str)) {
    for_each_token(text, |token| {
        if let Token::Name(name) = token {
            take(cut(name));
        }
    });
}

/// The term for the definition of `name`, which is a folded name.
pub(crate) fn definition_of(name: &str) -> String {
    cut(&format!("{DEFINITION}{name}")).to_owned()
}

/// Whether a term stands for a definition, and not for a word of the text.
pub(super) fn is_definition(term: &str) -> bool {
    term.starts_with(DEFINITION)
}

/// The words of `text` in order, lower-cased and without accents, unstemmed, with stop words; phrases are matched on
/// these.
#[must_use]
pub fn plain_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for_each_token(text, |token| {
        if let Token::Part(word) | Token::Character(word) = token {
            words.push(word.to_owned());
        }
    });
    words
}

fn cut(term: &str) -> &str {
    let mut end = term.len().min(LONGEST_TERM);
    while !term.is_char_boundary(end) {
        end -= 1;
    }
    &term[..end]
}

/// `text` in lower case without accents, with one space for all white space and one form of apostrophe: what signs are
/// compared by.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&fold(word));
    }
    if folded.contains('\u{2019}') { folded.replace('\u{2019}', "'") } else { folded }
}

/// Whether `text` has signs that [`plain_words`] leaves out, other than hyphens and apostrophes within words.
pub(super) fn has_signs(text: &str) -> bool {
    let is_letter =
        |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || is_combining_mark(char));
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let joins = matches!(char, '-' | '\'' | '\u{2019}');
        let is_within = joins && is_letter(before) && is_letter(chars.peek().copied());
        if !(is_letter(Some(char)) || char.is_whitespace() || is_within) {
            return true;
        }
        before = Some(char);
    }
    false
}

/// A piece of a text, folded.
#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Part(&'a str),
    Whole(&'a str),
    /// A whole that is a name.
    Name(&'a str),
    Definition(&'a str),
    /// A character of a script without spaces, or a symbol.
    Character(&'a str),
    /// Two characters of such a script.
    Pair(&'a str),
}

/// Whether a word such as `fn` stands before a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Defined,
    Used,
}

/// What a whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WholeKind {
    Name,
    /// Written together by chance, as `p53` is.
    Joined,
}

fn for_each_token(text: &str, mut take: impl FnMut(Token<'_>)) {
    let mut rest = text;
    let mut role = Role::Used;
    while let Some(start) = rest.find(|char: char| char.is_alphanumeric() || is_symbol(char)) {
        // `macro_rules! name` is a definition, too.
        if !rest[..start].chars().all(|char| char.is_whitespace() || char == '!') {
            role = Role::Used;
        }
        rest = &rest[start..];
        let first = rest.chars().next().expect("a character was found");
        let length = if is_symbol(first) {
            take(Token::Character(&rest[..first.len_utf8()]));
            first.len_utf8()
        } else if is_unspaced(first) {
            let length = length_while(rest, |char| is_unspaced(char) && char.is_alphanumeric());
            take_unspaced(&rest[..length], &mut take);
            length
        } else {
            let length = compound_length(rest);
            take_compound(&rest[..length], role, &mut take);
            role = if is_defining_word(&rest[..length]) { Role::Defined } else { Role::Used };
            length
        };
        rest = &rest[length..];
    }
}

fn length_while(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|char| !holds(char)).unwrap_or(text.len())
}

fn is_word(char: char) -> bool {
    (char.is_alphanumeric() && !is_unspaced(char)) || is_combining_mark(char)
}

/// The length in bytes of the first words of `text` that single connectors join.
fn compound_length(text: &str) -> usize {
    let mut length = length_while(text, is_word);
    loop {
        let mut after = text[length..].chars();
        match (after.next(), after.next()) {
            (Some(connector), Some(next)) if is_connector(connector) && is_word(next) => {
                let start = length + connector.len_utf8();
                length = start + length_while(&text[start..], is_word);
            }
            _ => return length,
        }
    }
}

const fn is_connector(char: char) -> bool {
    matches!(char, '_' | '-' | '.' | ':' | '/' | '@' | '\'' | '\u{2019}')
}

fn take_compound(compound: &str, role: Role, take: &mut impl FnMut(Token<'_>)) {
    let is_joined = compound.contains(is_connector);
    if is_joined && (compound.contains('_') || compound.contains(|char: char| char.is_numeric())) {
        let whole = fold(compound);
        take_whole(without_version_letter(&whole), joined_kind(compound), role, take);
    }
    for word in compound.split(is_connector) {
        // The remainder of a possessive or a contraction.
        if is_joined && matches!(word, "s" | "S" | "t") && compound.contains(['\'', '\u{2019}']) {
            continue;
        }
        take_word(word, if is_joined { Role::Used } else { role }, take);
    }
}

fn take_whole(whole: &str, kind: WholeKind, role: Role, take: &mut impl FnMut(Token<'_>)) {
    match kind {
        WholeKind::Joined => take(Token::Whole(whole)),
        WholeKind::Name => {
            take(Token::Name(whole));
            if role == Role::Defined {
                take(Token::Definition(&definition_of(whole)));
            }
        }
    }
}

/// Words with connectors between them are a name where they are `snake_case`, a version or number with a point, a date or
/// an id.
fn joined_kind(compound: &str) -> WholeKind {
    let digits = compound.chars().filter(char::is_ascii_digit).count();
    let connectors = compound.chars().filter(|&char| is_connector(char)).count();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = compound.as_bytes();
    let has_point = (1..bytes.len())
        .any(|at| bytes[at] == b'.' && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1)));
    let is_snake = compound.split('_').filter(|part| part.contains(char::is_alphabetic)).count() > 1;
    let is_name = is_snake || has_point || (connectors > 1 && digits > 3);
    if is_name { WholeKind::Name } else { WholeKind::Joined }
}

/// `v0.19` is the version `0.19`.
fn without_version_letter(whole: &str) -> &str {
    match whole.strip_prefix('v') {
        Some(number) if number.starts_with(|char: char| char.is_ascii_digit()) => number,
        _ => whole,
    }
}

fn take_word(word: &str, role: Role, take: &mut impl FnMut(Token<'_>)) {
    let parts = parts_of(word);
    for part in &parts {
        // Nothing is left of a variation selector.
        let folded = fold(part);
        if !folded.is_empty() {
            take(Token::Part(&folded));
        }
    }
    if parts.len() > 1 {
        let is_hump = |part: &&str| part.len() >= SHORTEST_HUMP && part.chars().all(char::is_alphabetic);
        let kind = if parts.iter().all(is_hump) { WholeKind::Name } else { WholeKind::Joined };
        take_whole(&fold(word), kind, role, take);
    }
}

/// `parseHTTPFile2` has the parts `parse`, `HTTP`, `File` and `2`.
fn parts_of(word: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut chars = word.char_indices().peekable();
    let mut before: Option<char> = None;
    while let Some((index, char)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        if before.is_some_and(|before| is_boundary(before, char, next)) {
            parts.push(&word[start..index]);
            start = index;
        }
        before = Some(char);
    }
    parts.push(&word[start..]);
    parts
}

/// Whether a part ends between `before` and `char`.
fn is_boundary(before: char, char: char, next: Option<char>) -> bool {
    let is_digit_edge = before.is_numeric() != char.is_numeric() && !is_combining_mark(char);
    let is_hump = before.is_lowercase() && char.is_uppercase();
    let is_last_capital =
        before.is_uppercase() && char.is_uppercase() && next.is_some_and(char::is_lowercase);
    is_digit_edge || is_hump || is_last_capital
}

fn take_unspaced(run: &str, take: &mut impl FnMut(Token<'_>)) {
    let mut before: Option<usize> = None;
    for (index, char) in run.char_indices() {
        let end = index + char.len_utf8();
        take(Token::Character(&run[index..end]));
        if let Some(before) = before {
            take(Token::Pair(&run[before..end]));
        }
        before = Some(index);
    }
}

/// Lower case without accents; compatibility characters become plain ones.
fn fold(word: &str) -> Cow<'_, str> {
    if !word.is_ascii() {
        let mut takes_accents = false;
        let plain = word.nfkd().filter(|&char| {
            if is_combining_mark(char) {
                return !takes_accents && !is_variation_selector(char);
            }
            takes_accents = has_letters_with_accents(char);
            true
        });
        return plain.flat_map(char::to_lowercase).collect::<String>().into();
    }
    if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return word.to_ascii_lowercase().into();
    }
    word.into()
}

/// Whether `char` is of a script in which a word without its marks is the same word: Latin, Greek, Cyrillic, Hebrew, Arabic.
/// In others, such as Devanagari, marks are vowels.
const fn has_letters_with_accents(char: char) -> bool {
    matches!(char as u32,
        0x0000..=0x052F       // Latin, Greek, Cyrillic
        | 0x0590..=0x06FF     // Hebrew, Arabic
        | 0x0750..=0x077F
        | 0x0870..=0x08FF
        | 0x1C80..=0x1C8F
        | 0x1D00..=0x1DBF
        | 0x1E00..=0x1FFF
        | 0x2C60..=0x2C7F
        | 0x2DE0..=0x2DFF
        | 0xA640..=0xA69F
        | 0xA720..=0xA7FF
        | 0xAB30..=0xAB6F
        | 0xFB00..=0xFDFF
        | 0xFE70..=0xFEFF)
}

/// Whether `char` chooses a form of the character before it, and is no letter.
const fn is_variation_selector(char: char) -> bool {
    matches!(char as u32, 0xFE00..=0xFE0F | 0xE0100..=0xE01EF)
}

/// Whether `char` is of a script that writes words without spaces, or inflects words as heavily as Korean.
const fn is_unspaced(char: char) -> bool {
    matches!(char as u32,
        0x0E00..=0x0EFF       // Thai, Lao
        | 0x1000..=0x109F     // Myanmar
        | 0x1780..=0x17FF     // Khmer
        | 0x3040..=0x30FF     // Hiragana, Katakana
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF     // Han
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF     // Hangul
        | 0xF900..=0xFAFF
        | 0x20000..=0x3FFFF)
}

/// Whether `char` is a symbol that is a term: an arrow, a mathematical sign, a dingbat, an emoji.
const fn is_symbol(char: char) -> bool {
    matches!(char as u32, 0x2190..=0x2BFF | 0x1F000..=0x1FAFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        terms_of(text, |term| terms.push(term.to_owned()));
        terms
    }

    fn names(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        names_of(text, |name| names.push(name.to_owned()));
        names
    }

    #[test]
    fn words_are_folded_stemmed_and_left_out() {
        assert_eq!(terms("The Naïve runners' refunds"), ["naiv", "runner", "refund"]);
        assert_eq!(terms("it's a state-of-the-art café"), ["state", "art", "cafe"]);
        assert_eq!(plain_words("Isn't THE Café open?"), ["isn", "the", "cafe", "open"]);
    }

    #[test]
    fn accents_go_and_vowel_signs_stay() {
        assert_eq!(terms("Ἀθῆναι Ёлка שָׁלוֹם مُحَمَّد"), ["αθηναι", "елка", "שלום", "محمد"]);
        for (word, other) in [("काम", "कम"), ("कि", "की"), ("কাল", "কল"), ("காடு", "கடு"), ("కాలు", "కలు")]
        {
            assert_ne!(terms(word), terms(other));
            assert_eq!(terms(word), [word]);
        }
    }

    #[test]
    fn signs_are_what_words_leave_out() {
        for (text, has) in [
            ("ten days", false),
            ("don't state-of-the-art l\u{2019}été", false),
            ("½ cup", false),
            ("काम", false),
            ("C++", true),
            ("C#", true),
            ("-5", true),
            ("0.19", true),
            ("parse_file", true),
        ] {
            assert_eq!(has_signs(text), has, "{text}");
        }
        assert_eq!(folded("  Don\u{2019}t\n  use C++ "), "don't use c++");
    }

    #[test]
    fn names_are_split_and_kept_whole() {
        assert_eq!(terms("parseHTTPFile2"), ["pars", "http", "file", "2", "parsehttpfile2"]);
        assert_eq!(terms("cosine_similarity"), ["cosine_similarity", "cosin", "similar"]);
        assert_eq!(terms("v0.19"), ["0.19", "v", "0", "v0", "19"]);
        assert_eq!(terms("2023-09-30"), ["2023-09-30", "2023", "09", "30"]);
        assert_eq!(terms("INV-2024-0071."), ["inv-2024-0071", "inv", "2024", "0071"]);
    }

    #[test]
    fn what_people_write_on_purpose_is_a_name() {
        assert_eq!(
            names("parse_file 0.19 2023-09-30 INV-2024-0071 HttpClient v1.2.3"),
            ["parse_file", "0.19", "2023-09-30", "inv-2024-0071", "httpclient", "1.2.3"]
        );
        assert!(names("mRNA IL-6 p53 TNF-alpha state-of-the-art e.g. 12 and/or CD4+").is_empty());
    }

    #[test]
    fn a_definition_is_a_term_of_its_own() {
        assert!(terms("pub fn parse_file(name: &str)").contains(&definition_of("parse_file")));
        assert!(terms("class HttpClient:").contains(&definition_of("httpclient")));
        assert!(terms("macro_rules! run_all { }").contains(&definition_of("run_all")));
        for text in ["let x = parse_file(y); fn other()", "a class. parse_file()"] {
            assert!(!terms(text).iter().any(|term| is_definition(term)), "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_give_characters_and_pairs_and_symbols_stand_alone() {
        assert_eq!(terms("谢谢你"), ["谢", "谢", "谢谢", "你", "谢你"]);
        assert_eq!(terms("good 🎉 day"), ["good", "🎉", "day"]);
    }

    #[test]
    fn a_mark_without_a_letter_is_no_empty_term() {
        assert_eq!(terms("rain-\u{fe0f} fog'\u{fe00}"), ["rain", "fog"]);
        for mark in ["\u{73a}", "\u{64e}", "\u{93f}", "\u{345}", "\u{fe0f}", "\u{e0100}"] {
            assert!(
                !terms(&format!("{mark} a{mark} a-{mark} {mark}_{mark} 1{mark}")).contains(&String::new())
            );
        }
    }

    #[test]
    fn any_text_has_terms_of_bounded_length() {
        for text in ["x".repeat(9999), "é".repeat(999), "a_".repeat(999), "-1".repeat(999), "谢".repeat(99)]
        {
            assert!(terms(&text).iter().all(|term| term.len() <= LONGEST_TERM));
        }
    }
}
