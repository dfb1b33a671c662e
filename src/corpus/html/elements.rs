//! The elements of HTML by their role for text.

use super::stretches::Part;

/// Elements whose content is not shown, or is not text.
pub(super) const HIDDEN: &[&[u8]] =
    &[b"iframe", b"noembed", b"noscript", b"script", b"style", b"svg", b"template"];

/// Navigation, footers and controls.
pub(super) const FURNITURE: &[&[u8]] = &[b"button", b"footer", b"nav", b"select", b"textarea"];

/// Elements without content.
pub(super) const VOID: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr",
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

/// Elements whose start ends a paragraph.
const ENDS_PARAGRAPH: &[&[u8]] = &[
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"center",
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
    b"header",
    b"hr",
    b"li",
    b"main",
    b"menu",
    b"nav",
    b"ol",
    b"p",
    b"pre",
    b"section",
    b"summary",
    b"table",
    b"ul",
];

/// Whether the start tag of `next` ends an open element (the HTML standard, section 13.1.2.4: optional tags).
pub(super) fn is_ended_by_start(open: &[u8], next: &[u8]) -> bool {
    match open {
        b"p" => ENDS_PARAGRAPH.contains(&next),
        b"li" => next == b"li",
        b"dd" | b"dt" => matches!(next, b"dd" | b"dt"),
        b"option" => matches!(next, b"option" | b"optgroup"),
        b"td" | b"th" => matches!(next, b"td" | b"th" | b"tr" | b"tbody" | b"tfoot" | b"thead"),
        b"tr" | b"caption" | b"colgroup" => matches!(next, b"tr" | b"tbody" | b"tfoot" | b"thead"),
        b"tbody" | b"tfoot" | b"thead" => matches!(next, b"tbody" | b"tfoot" | b"thead"),
        _ => false,
    }
}

/// Whether the start tag of `next` ends nothing that an open element is in: an item of an inner list leaves the outer one.
pub(super) fn is_barrier(open: &[u8], next: &[u8]) -> bool {
    match next {
        b"td" | b"th" | b"tr" | b"tbody" | b"tfoot" | b"thead" => matches!(open, b"table" | b"template"),
        _ => {
            let is_passed = matches!(open, b"address" | b"dd" | b"div" | b"dt" | b"li" | b"option" | b"p");
            !is_passed && stands_apart(open)
        }
    }
}

/// Whether an element is no part of a line of text.
fn stands_apart(name: &[u8]) -> bool {
    BLOCKS.contains(&name) || matches!(name, b"button" | b"menu" | b"object" | b"td" | b"template" | b"th")
}

/// What an end tag ends whose element was open before a hidden one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Its element and the hidden one.
    Both,
    /// Its element alone.
    Outer,
    Neither,
}

/// What the end tag of `name` ends within an element that is `hidden` and was opened later.
pub(super) fn ended_by_end(hidden: &[u8], name: &[u8]) -> Ended {
    let is_part_of_table =
        matches!(name, b"table" | b"tbody" | b"td" | b"tfoot" | b"th" | b"thead" | b"tr" | b"body" | b"html");
    match hidden {
        b"iframe" | b"noembed" | b"script" | b"style" | b"template" => Ended::Neither,
        b"caption" | b"td" | b"th" if stands_apart(name) && !is_part_of_table => Ended::Neither,
        // What is open by name alone: the start of another block has ended the paragraph.
        _ if stands_apart(hidden) && (name == b"p" || !stands_apart(name)) => Ended::Outer,
        _ => Ended::Both,
    }
}

/// The part that an element's text forms; `None` if the element does not determine it.
pub(super) fn part_of(element: &[u8]) -> Option<Part> {
    match element {
        b"title" => Some(Part::Title),
        [b'h', level @ b'1'..=b'6'] => Some(Part::Heading(level - b'0')),
        _ => None,
    }
}
