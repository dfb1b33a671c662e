//! Reads a page with the tokenizer of `html5gum`.

use std::cell::Cell;
use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Readable, Span, Tokenizer};

use super::extractor::Extractor;
use super::page::Page;
use super::reader::{BoundedReader, TooManyAttributes};
use crate::corpus::options::PageExtent;

/// Drops tags, comments, scripts and styles, and decodes entities. If nothing is left, the whole page is read.
pub(in crate::corpus) fn extract(page: &str, extent: PageExtent) -> Result<Page, TooManyAttributes> {
    let extracted = extract_once(page, extent)?;
    if extracted.blocks.is_empty() && extent == PageExtent::Main {
        return extract_once(page, PageExtent::Whole);
    }
    Ok(extracted)
}

fn extract_once(page: &str, extent: PageExtent) -> Result<Page, TooManyAttributes> {
    let mut extractor = Extractor::new(page, extent);
    let attributes = Cell::new(0);
    let mut emitter =
        CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| -> Option<Infallible> {
            attributes.set(match event {
                CallbackEvent::AttributeName { .. } => attributes.get() + 1,
                CallbackEvent::AttributeValue { .. } | CallbackEvent::Error(_) => attributes.get(),
                _ => 0,
            });
            extractor.take(&event, span);
            None
        });
    // Without this the content of a script would be read as markup.
    emitter.naively_switch_states(true);
    let reader = BoundedReader { page: page.to_reader(), attributes: &attributes };
    Tokenizer::new_with_emitter(reader, emitter).finish()?;
    Ok(extractor.finish())
}
