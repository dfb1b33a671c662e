//! The properties of an element that its start tag states.

use std::ops::Range;

use html5gum::Span;

use super::open_elements::Visibility;

/// A start tag, reduced to what affects the visible text.
#[derive(Debug, Default)]
pub(super) struct StartTag {
    pub(super) name: Vec<u8>,
    attribute: Vec<u8>,
    /// As its attributes say.
    pub(super) visibility: Visibility,
    pub(super) is_link: bool,
    /// The alternative text of an image, and its place in the page.
    pub(super) alternative: Option<(String, Range<usize>)>,
}

impl StartTag {
    /// Without attributes yet.
    pub(super) fn new(name: &[u8]) -> Self {
        Self { name: name.to_vec(), ..Self::default() }
    }

    /// Takes the name of the next attribute.
    pub(super) fn take_name(&mut self, name: &[u8]) {
        self.attribute = name.to_vec();
        if name == b"hidden" {
            self.visibility = Visibility::Hidden;
        }
        self.is_link |= name == b"href";
    }

    /// Takes the value of the last attribute, which `span` of the page holds.
    pub(super) fn take_value(&mut self, value: &[u8], span: Span<usize>) {
        let is_hidden = match self.attribute.as_slice() {
            b"aria-hidden" => value.eq_ignore_ascii_case(b"true"),
            b"style" => {
                let style: String = String::from_utf8_lossy(value).split_whitespace().collect();
                style.to_ascii_lowercase().contains("display:none")
            }
            b"alt" => {
                let text = collapse(&String::from_utf8_lossy(value));
                self.alternative = Some((text, span.start..span.end));
                false
            }
            _ => false,
        };
        if is_hidden {
            self.visibility = Visibility::Hidden;
        }
    }
}

/// White space between words becomes one space, and surrounding white space is left out. A no-break space is text.
pub(super) fn collapse(line: &str) -> String {
    let mut collapsed = String::with_capacity(line.len());
    for word in line.split_ascii_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}
