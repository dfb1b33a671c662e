//! YAML at the start of Markdown becomes metadata or stays text; the text after it is never lost.

use embed::corpus::{InputFormat, PassageSettings};

use super::reading::{options, read};

/// The YAML.
pub(crate) fn run(data: &[u8]) {
    let source = [b"---\n", data, b"\n---\n\nThe text after it.\n"].concat();
    let (documents, report) =
        read(&source, &options(InputFormat::Markdown, PassageSettings::of_tokens(4096)));
    if report.is_none() {
        return;
    }
    let document = documents.first().expect("there is a text");
    let text = &document.passages.last().expect("a document has passages").text;
    assert!(text.ends_with("The text after it."), "{text}");
    if let Some(metadata) = &document.metadata {
        // What is shown to the user can be read back.
        let json = serde_json::to_string(metadata).expect("metadata is JSON");
        assert_eq!(serde_json::from_str::<serde_json::Map<_, _>>(&json).ok().as_ref(), Some(metadata));
    }
}
