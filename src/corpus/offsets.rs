//! Maps positions in a derived text to positions in its origin.

/// The last position up to `index` that is between characters.
pub(super) fn boundary_before(text: &str, index: usize) -> usize {
    let mut boundary = index.min(text.len());
    while !text.is_char_boundary(boundary) {
        boundary -= 1;
    }
    boundary
}

/// A range of the text and the range of the origin that it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OffsetSegment {
    text: (usize, usize),
    origin: (usize, usize),
}

/// Maps a derived text to its origin: segments in order, with gaps for text that is not in the origin.
///
/// A segment as long as its origin is a copy of it, so positions in it are exact. A position in another segment is only
/// known to lie within the origin of the segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OffsetMap {
    segments: Vec<OffsetSegment>,
}

impl OffsetMap {
    /// Adds a segment after the others. A copy joins the last segment if that is a copy that ends where this one starts.
    pub(super) fn push(&mut self, text: (usize, usize), origin: (usize, usize)) {
        let is_copy =
            |segment: &OffsetSegment| segment.text.1 - segment.text.0 == segment.origin.1 - segment.origin.0;
        let segment = OffsetSegment { text, origin };
        match self.segments.last_mut() {
            Some(last)
                if is_copy(last)
                    && is_copy(&segment)
                    && (last.text.1, last.origin.1) == (text.0, origin.0) =>
            {
                (last.text.1, last.origin.1) = (text.1, origin.1);
            }
            _ => self.segments.push(segment),
        }
    }

    /// The origin of a non-empty range of the text; slightly larger if it is not known exactly.
    pub(super) fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        let first = self.segments.partition_point(|segment| segment.text.1 <= start);
        let last = self.segments.partition_point(|segment| segment.text.0 < end).saturating_sub(1);
        let from = self.segments.get(first).map_or(0, |segment| segment.origin_of(start, segment.origin.0));
        let to = self.segments.get(last).map_or(0, |segment| segment.origin_of(end, segment.origin.1));
        (from, to.max(from))
    }
}

impl OffsetSegment {
    fn origin_of(&self, place: usize, unknown: usize) -> usize {
        let is_copy = self.text.1 - self.text.0 == self.origin.1 - self.origin.0;
        if is_copy { self.origin.0 + place.clamp(self.text.0, self.text.1) - self.text.0 } else { unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_exact_and_others_are_covered() {
        let mut map = OffsetMap::default();
        map.push((0, 4), (10, 14));
        map.push((4, 6), (14, 16));
        map.push((7, 8), (20, 25));
        map.push((10, 12), (30, 32));
        assert_eq!(map.segments.len(), 3);
        assert_eq!(map.origin(1, 5), (11, 15));
        assert_eq!(map.origin(5, 8), (15, 25));
        assert_eq!(map.origin(7, 11), (20, 31));
        assert_eq!(map.origin(8, 12), (30, 32));
        assert_eq!(map.origin(6, 7), (20, 20));
    }
}
