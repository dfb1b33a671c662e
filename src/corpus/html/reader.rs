//! The bytes of a page for the tokenizer, with a limit on the attributes of a tag.

use std::cell::Cell;

use html5gum::{Reader, StringReader};

/// The most attributes of a tag. The tokenizer recurses for each, so the stack bounds their number.
pub(in crate::corpus) const MAXIMUM_ATTRIBUTES: usize = 1024;

/// A tag has more than [`MAXIMUM_ATTRIBUTES`] attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag has too many attributes")]
pub(in crate::corpus) struct TooManyAttributes;

/// Reads a page, and fails within a tag with too many attributes: an error of the reader is the only way to stop the
/// recursion of the tokenizer.
pub(super) struct BoundedReader<'a> {
    pub(super) page: StringReader<'a>,
    /// The number of attributes of the current tag.
    pub(super) attributes: &'a Cell<usize>,
}

impl BoundedReader<'_> {
    const fn check(&self) -> Result<(), TooManyAttributes> {
        if self.attributes.get() > MAXIMUM_ATTRIBUTES { Err(TooManyAttributes) } else { Ok(()) }
    }
}

impl Reader for BoundedReader<'_> {
    type Error = TooManyAttributes;

    fn read_byte(&mut self) -> Result<Option<u8>, TooManyAttributes> {
        self.check()?;
        let Ok(byte) = self.page.read_byte();
        Ok(byte)
    }

    fn try_read_string(&mut self, text: &[u8], case_sensitive: bool) -> Result<bool, TooManyAttributes> {
        let Ok(is_next) = self.page.try_read_string(text, case_sensitive);
        Ok(is_next)
    }

    fn read_until<'b>(
        &'b mut self,
        needle: &[u8],
        room: &'b mut [u8; 4],
    ) -> Result<Option<&'b [u8]>, TooManyAttributes> {
        self.check()?;
        let Ok(bytes) = self.page.read_until(needle, room);
        Ok(bytes)
    }
}
