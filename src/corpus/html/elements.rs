//! The elements of HTML by their role for text.

use super::stretches::Part;

/// Elements whose content is not shown, or is not text.
pub(super) const HIDDEN: &[&[u8]] =
    &[b"iframe", b"noembed", b"noscript", b"script", b"style", b"svg", b"template"];

/// Navigation, footers and controls.
pub(super) const FURNITURE: &[&[u8]] = &[b"button", b"footer", b"nav", b"select", b"textarea"];

/// Elements that end where the next of their kind starts.
pub(super) const IMPLICITLY_CLOSED: &[&[u8]] = &[b"dd", b"dt", b"li", b"option", b"p", b"td", b"th", b"tr"];

/// Elements without content.
pub(super) const VOID: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"wbr",
];

/// Elements that separate their text from the surrounding text.
pub(super) const BLOCKS: &[&[u8]] = &[
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"caption",
    b"dd",
    b"details",
    b"dialog",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"header",
    b"hr",
    b"html",
    b"legend",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"option",
    b"p",
    b"pre",
    b"section",
    b"select",
    b"summary",
    b"table",
    b"tbody",
    b"textarea",
    b"tfoot",
    b"thead",
    b"title",
    b"tr",
    b"ul",
];

/// The part that an element's text forms; `None` if the element does not determine it.
pub(super) fn part_of(element: &[u8]) -> Option<Part> {
    match element {
        b"title" => Some(Part::Title),
        [b'h', level @ b'1'..=b'6'] => Some(Part::Heading(level - b'0')),
        _ => None,
    }
}
