//! The ids of the tokenizer of few entries against those of the library's complete tokenizer.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizers::utils::truncation::TruncationParams;

use super::word_piece::WordPieceFile;
use super::*;

const MAX_TOKENS: usize = 96;

/// A tokenizer file and the library's tokenizer for it.
struct Case {
    name: &'static str,
    json: Vec<u8>,
    whole: tokenizers::Tokenizer,
}

impl Case {
    fn new(name: &'static str, json: Vec<u8>) -> Self {
        let mut whole = tokenizers::Tokenizer::from_bytes(&json).expect("the fixture is a tokenizer");
        whole.with_padding(None);
        let truncation = TruncationParams { max_length: MAX_TOKENS, ..TruncationParams::default() };
        whole.with_truncation(Some(truncation)).expect("the length has room for special tokens");
        Self { name, json, whole }
    }

    fn ids(&self, text: &str) -> Vec<u32> {
        self.whole.encode_fast(text, true).expect("it tokenizes").get_ids().to_vec()
    }

    /// A tokenizer that has not built its complete tokenizer yet.
    fn tokenizer(&self, casing: Casing) -> Tokenizer {
        let settings = TokenizerSettings { max_tokens: MAX_TOKENS, embeddings: usize::MAX, casing };
        Tokenizer::from_json(&self.json, Path::new(self.name), settings).expect("the fixture is a tokenizer")
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name).join("tokenizer.json");
    std::fs::read(path).expect("the fixture is whole")
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let families = [
        "families/bert",
        "families/roberta",
        "families/xlm-roberta",
        "families/distilbert",
        "families/mpnet",
        "families/modernbert",
        "families/nomic_bert",
        "tiny-bert",
    ];
    let mut cases: Vec<Case> = families.into_iter().map(|name| Case::new(name, fixture(name))).collect();
    if cfg!(feature = "bundled-model") {
        cases.push(Case::new("bundled", include_bytes!("../bundled/tokenizer.json").to_vec()));
    }
    cases
});

/// The tokenizer of a family with a part of its file replaced, and `words` in its vocabulary.
fn changed(part: &str, value: Value, words: &[&str]) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(&fixture("families/bert")).expect("the fixture is JSON");
    file[part] = value;
    let vocabulary = file["model"]["vocab"].as_object_mut().expect("a vocabulary is an object");
    for word in words {
        vocabulary.insert((*word).to_owned(), vocabulary.len().into());
    }
    serde_json::to_vec(&file).expect("a value is JSON")
}

/// Pieces that texts are made of: words, marks in every order, scripts, control characters, special tokens.
fn fragment() -> impl Strategy<Value = String> {
    let fixed = [
        "return",
        "Returns",
        "unbelievable",
        "##ing",
        "policy",
        "don't",
        "3.14159",
        "$9.99/month",
        " ",
        "  ",
        "\t",
        "\n",
        "é",
        "E\u{301}",
        "\u{301}",
        "\u{302e}",
        "\u{302e}\u{316}\u{301}",
        "a\u{0323}\u{0307}",
        "ǖ",
        "İ",
        "ΟΔΟΣ",
        "Σ",
        "ß",
        "ﬁ",
        "Å",
        "한국",
        "각",
        "中文",
        "漢字かな",
        "\u{20000}",
        "ไทย",
        "עברית",
        "हिन्दी",
        "🙂",
        "👩‍👩‍👧",
        "\u{0}",
        "\u{1}",
        "\u{ad}",
        "\u{200b}",
        "\u{200d}",
        "\u{fffd}",
        "\u{feff}",
        "\u{a0}",
        "\u{3000}",
        "[MASK]",
        "[MASK",
        "MASK]",
        "[mask]",
        "[CLS]",
        "[SEP]",
        "[UNK]",
        "[PAD]",
        "<mask>",
        "<s>",
        "</s>",
        "<unk>",
        "▁",
        "Ġ",
        "▁return",
        "Ġreturn",
        "#",
        "##",
        "-",
        "_",
        "'",
        "\u{2019}",
        "…",
    ];
    prop_oneof![
        6 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        1 => prop::collection::vec(prop::char::range('a', 'z'), 1..12).prop_map(String::from_iter),
        1 => (prop::char::range('a', 'c'), 90_usize..130).prop_map(|(letter, count)| letter.to_string().repeat(count)),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..14).prop_map(|fragments| fragments.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn few_texts_have_the_ids_of_the_whole_tokenizer(texts in prop::collection::vec(text(), 1..4)) {
        for case in &*CASES {
            let few = case.tokenizer(Casing::AsWritten).tokenize_all(&texts).expect("they tokenize");
            prop_assert_eq!(few.len(), texts.len());
            for (text, found) in texts.iter().zip(few) {
                prop_assert_eq!(found.ids, case.ids(text), "{} {:?}", case.name, text);
            }
        }
    }
}

#[test]
fn the_tokenizer_of_few_entries_serves_the_files_of_bert_only() {
    for case in &*CASES {
        let expected = !["roberta", "xlm-roberta", "modernbert"].iter().any(|name| case.name.ends_with(name));
        assert_eq!(WordPieceFile::from_json(&case.json).is_some(), expected, "{}", case.name);
    }
}

#[test]
fn a_file_without_a_proof_has_the_ids_of_the_whole_tokenizer() {
    let byte_level =
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
    let metaspace =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
    let added = |content: &str| {
        json!([{"id": 5, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": true, "special": true}])
    };
    for (part, value) in [
        ("pre_tokenizer", byte_level),
        ("pre_tokenizer", metaspace),
        ("pre_tokenizer", Value::Null),
        ("pre_tokenizer", json!({"type": "Whitespace"})),
        ("added_tokens", added("RETURN")),
    ] {
        let json = changed(part, value.clone(), &["▁return", "Ġreturn", "ĉ", "▁é", "Ã©"]);
        let case = Case::new("changed", json);
        for text in ["return", "return return", "x return", "é", "\treturn é", "RETURN policy"] {
            let found = case.tokenizer(Casing::AsWritten).tokenize(text).expect("it tokenizes");
            assert_eq!(found.ids, case.ids(text), "{value} {text:?}");
        }
    }
}

/// Why a file is refused, for texts and for pairs of texts.
fn refusals(json: &[u8], max_tokens: usize) -> Vec<String> {
    let settings = TokenizerSettings { max_tokens, embeddings: usize::MAX, casing: Casing::AsWritten };
    let path = Path::new("tokenizer.json");
    let of_texts = Tokenizer::from_json(json, path, settings).map(drop);
    let of_pairs = PairTokenizer::from_json(json, path, settings).map(drop);
    let refusal = |error: crate::model::ModelError| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        source.unwrap_or_else(|| error.to_string())
    };
    [of_texts, of_pairs].into_iter().filter_map(Result::err).map(refusal).collect()
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    for family in ["families/bert", "families/roberta"] {
        let json = fixture(family);
        let end = json.len() - 200;
        for length in (0..json.len()).filter(|length| length % 101 == 0 || *length > end) {
            assert_eq!(refusals(&json[..length], MAX_TOKENS).len(), 2, "{family} cut at {length}");
        }
        let decoder = memchr::memmem::find(&json, b"\"decoder\"").expect("the file has a decoder");
        for length in decoder..decoder + 40 {
            assert_eq!(refusals(&json[..length], MAX_TOKENS).len(), 2, "{family} cut at {length}");
        }
    }
}

#[test]
fn special_tokens_must_be_known_and_leave_room() {
    let token = |id: &str| json!({"SpecialToken": {"id": id, "type_id": 0}});
    let text = |id: &str| json!({"Sequence": {"id": id, "type_id": 0}});
    let template = |id: &str| {
        let processor = json!({"type": "TemplateProcessing", "single": [token(id), text("A")],
                               "pair": [token("[CLS]"), text("A"), token("[CLS]"), text("B")],
                               "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}}});
        changed("post_processor", processor, &[])
    };
    let unknown = "a template has the special token \"[SEP]\", which is not among its special_tokens";
    assert_eq!(refusals(&template("[SEP]"), MAX_TOKENS), [unknown; 2]);
    assert!(refusals(&template("[CLS]"), 2).is_empty());
    let room = |special, longest| {
        format!("the tokenizer adds {special} special tokens, but the model reads at most {longest} tokens")
    };
    assert_eq!(refusals(&template("[CLS]"), 1), [room(2, 1)]);
    assert_eq!(refusals(&template("[CLS]"), 0), [room(1, 0), room(1, 0)]);
}

#[test]
fn lower_case_comes_before_the_tokenizer() {
    let case = CASES.last().expect("there are cases");
    let lower = case.tokenizer(Casing::Lower);
    for text in ["[MASK]", "ΟΔΟΣ Σ", "Return POLICY", "İ"] {
        let found = lower.tokenize(text).expect("it tokenizes");
        assert_eq!(found.ids, case.ids(&text.to_lowercase()), "{text}");
    }
    assert_ne!(lower.tokenize("[MASK]").expect("it tokenizes").ids, case.ids("[MASK]"));
}

#[test]
fn a_text_is_mostly_unknown_if_more_than_half_of_its_tokens_are() {
    for case in &*CASES {
        let tokenizer = case.tokenizer(Casing::AsWritten);
        assert!(!tokenizer.is_mostly_unknown(""), "{}", case.name);
        assert!(!tokenizer.is_mostly_unknown("a policy"), "{}", case.name);
        // Byte-level tokenizers have a token for everything; that of XLM-RoBERTa has known tokens for spaces.
        let has_all = ["roberta", "xlm-roberta", "modernbert"]
            .iter()
            .any(|name| case.name == format!("families/{name}"));
        assert_eq!(tokenizer.is_mostly_unknown("\u{8c22} \u{8c22} \u{8c22} a"), !has_all, "{}", case.name);
        assert!(!tokenizer.is_mostly_unknown("\u{8c22}\u{8c22} a b c"), "{}", case.name);
    }
}

#[test]
fn many_calls_have_the_ids_of_few() {
    for case in &*CASES {
        let tokenizer = case.tokenizer(Casing::Lower);
        for _ in 0..20 {
            assert_eq!(
                tokenizer.tokenize("a [MASK]").expect("it tokenizes").ids,
                case.ids("a [mask]"),
                "{}",
                case.name
            );
        }
    }
}
