//! Takes choices off the start of an input.

/// The rest of an input. Past its end, every choice is 0.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn byte(&mut self) -> u8 {
        self.number(1) as u8
    }

    /// A little-endian number of `length` bytes, at most 8.
    pub(super) fn number(&mut self, length: usize) -> u64 {
        self.slice(length).iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    /// The next `length` bytes, or those that are left.
    pub(super) fn slice(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The parts of a text before and after its first line end.
pub(super) fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}
