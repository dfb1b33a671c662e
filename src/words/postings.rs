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
///
/// # Panics
///
/// If the text comes before `previous`.
pub fn push_posting(bytes: &mut Vec<u8>, posting: Posting, previous: u32) {
    let difference = posting.text.checked_sub(previous).expect("postings are in the order of their texts");
    let difference = u64::from(difference) << 1;
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

/// Reads postings. Stops at malformed bytes, and is then not at the end.
#[derive(Debug, Clone)]
pub struct PostingsReader<'a> {
    bytes: &'a [u8],
    text: u32,
    /// The least difference to the text before: the first posting may be of that text itself.
    least: u32,
}

impl<'a> PostingsReader<'a> {
    /// Reads `bytes`, whose first posting follows that of the text `previous`.
    #[must_use]
    pub const fn new(bytes: &'a [u8], previous: u32) -> Self {
        Self { bytes, text: previous, least: 0 }
    }

    /// Whether every byte was read.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The posting at the start of the bytes, its difference to the text before, and the bytes after it.
    fn first(&self) -> Option<(Posting, u32, &'a [u8])> {
        let (head, rest) = varint(self.bytes)?;
        let difference = u32::try_from(head >> 1).ok()?;
        let (count, rest) = if head & 1 == 1 { (1, rest) } else { varint(rest)? };
        let posting = Posting { text: self.text.checked_add(difference)?, count: u32::try_from(count).ok()? };
        Some((posting, difference, rest))
    }
}

/// The number at the start of `bytes`, and the bytes after it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

impl Iterator for PostingsReader<'_> {
    type Item = Posting;

    fn next(&mut self) -> Option<Posting> {
        let (posting, difference, rest) = self.first()?;
        if posting.count == 0 || difference < self.least {
            return None;
        }
        (self.bytes, self.text, self.least) = (rest, posting.text, 1);
        Some(posting)
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
            for (place, (step, count)) in steps.into_iter().enumerate() {
                let posting = Posting { text: text + step + u32::from(place > 0), count };
                push_posting(&mut bytes, posting, text);
                text = posting.text;
                expected.push(posting);
            }
            let mut reader = PostingsReader::new(&bytes, 0);
            prop_assert_eq!(reader.by_ref().collect::<Vec<_>>(), expected);
            prop_assert!(reader.is_at_end());
        }

        #[test]
        fn a_list_that_is_cut_is_not_at_its_end(counts in prop::collection::vec(1u32..300, 1..9), cut in 1usize..40) {
            let mut bytes = Vec::new();
            for (text, &count) in (0..).zip(&counts) {
                push_posting(&mut bytes, Posting { text, count }, text.saturating_sub(1));
            }
            let whole = bytes.len();
            bytes.truncate(whole.saturating_sub(cut));
            let mut reader = PostingsReader::new(&bytes, 0);
            let read = reader.by_ref().count();
            let mut again = Vec::new();
            for (text, &count) in (0..).zip(&counts[..read]) {
                push_posting(&mut again, Posting { text, count }, text.saturating_sub(1));
            }
            prop_assert_eq!(reader.is_at_end(), again.len() == bytes.len());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            PostingsReader::new(&bytes, u32::MAX - 3).for_each(drop);
        }
    }

    #[test]
    fn a_posting_without_occurrences_or_of_the_same_text_is_none() {
        for (bytes, read) in [(&[0b10, 0][..], 0), (&[0b1, 0b1], 1), (&[0b1, 0b11], 2), (&[0b1, 0b10], 1)] {
            let mut reader = PostingsReader::new(bytes, 7);
            assert_eq!(reader.by_ref().count(), read, "{bytes:?}");
            assert_eq!(reader.is_at_end(), read == 2, "{bytes:?}");
        }
    }
}
