//! Postings: the texts that have a term, as a compact list.
//!
//! A posting is the number of a text and how often it has the term. Numbers increase. A posting is stored as the
//! difference from the previous number, shifted left by one. The lowest bit is set if the term occurs once; otherwise
//! the count follows. Both are varints: seven bits per byte, the lowest first, with the highest bit set in every byte
//! but the last.

/// A text that has a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The number of the text.
    pub text: u32,
    /// How often it has the term, at least once.
    pub count: u32,
}

/// Appends `posting` to `bytes`, whose last posting is of the text `previous`; 0 if there is none.
pub fn push_posting(bytes: &mut Vec<u8>, posting: Posting, previous: u32) {
    let difference = u64::from(posting.text - previous) << 1;
    if posting.count == 1 {
        push_varint(bytes, difference | 1);
    } else {
        push_varint(bytes, difference);
        push_varint(bytes, u64::from(posting.count));
    }
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads postings. Stops at malformed bytes.
#[derive(Debug, Clone)]
pub struct PostingsReader<'a> {
    bytes: &'a [u8],
    text: u32,
}

impl<'a> PostingsReader<'a> {
    /// Reads `bytes`, whose first posting follows that of the text `previous`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], previous: u32) -> Self {
        Self { bytes, text: previous }
    }

    /// Whether every byte was read.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for (index, &byte) in self.bytes.iter().enumerate().take(5) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.bytes = &self.bytes[index + 1..];
                return Some(value);
            }
        }
        None
    }
}

impl Iterator for PostingsReader<'_> {
    type Item = Posting;

    fn next(&mut self) -> Option<Posting> {
        let head = self.varint()?;
        self.text = self.text.checked_add(u32::try_from(head >> 1).ok()?)?;
        let count = if head & 1 == 1 { 1 } else { u32::try_from(self.varint()?).ok()? };
        Some(Posting { text: self.text, count })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn postings_are_read_back(steps in prop::collection::vec((0u32..100_000, 1u32..300), 0..50)) {
            let (mut bytes, mut text, mut expected) = (Vec::new(), 0, Vec::new());
            for (step, count) in steps {
                let posting = Posting { text: text + step, count };
                push_posting(&mut bytes, posting, text);
                text = posting.text;
                expected.push(posting);
            }
            let mut reader = PostingsReader::new(&bytes, 0);
            prop_assert_eq!(reader.by_ref().collect::<Vec<_>>(), expected);
            prop_assert!(reader.is_at_end());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            PostingsReader::new(&bytes, u32::MAX - 3).for_each(drop);
        }
    }
}
