//! The check of the words: those of the catalog against those of the texts.
//!
//! Postings are compared by sums over all of a segment, so that memory stays flat.

use roaring::RoaringBitmap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::fault::Faults;
use crate::corpus::contextual_text;
use crate::index::catalog::Catalog;
use crate::index::error::{Damage, Error};
use crate::index::word_segments::{Segment, for_each_term, segments};
use crate::words::{Posting, TextTerms};

/// The postings of the texts that belong to a segment.
struct SegmentSum {
    segment: Segment,
    /// Sums of the hashes of (term, vector, count): of the texts, minus those of the segment.
    difference: u64,
}

pub(super) fn verify_words(catalog: &Catalog, next_vector: u32, faults: &mut Faults) -> Result<(), Error> {
    if !catalog.has_words()? {
        return Ok(());
    }
    catalog.check_segments()?;
    let lengths = catalog.word_lengths(next_vector)?.lengths;
    let mut sums: Vec<SegmentSum> =
        segments(catalog)?.into_iter().map(|segment| SegmentSum { segment, difference: 0 }).collect();
    let visible = catalog.visible_vectors()?;
    let mut wrong_lengths = 0;
    let mut vectors = RoaringBitmap::new();
    catalog.for_each("SELECT vector, context, text FROM passages ORDER BY vector", [], |row| {
        let (vector, context): (u32, Option<String>) = (row.get(0)?, row.get(1)?);
        let TextTerms { counts, length } =
            TextTerms::of(&contextual_text(context.as_deref(), row.get_ref(2)?.as_str()?));
        let found = lengths.get(vector as usize).copied().unwrap_or(0);
        if found == 0 && !visible.contains(vector) {
            // The words of a source are there once it is finished.
            return Ok(());
        }
        vectors.insert(vector);
        wrong_lengths += u64::from(found != length);
        let place = sums.partition_point(|sum| sum.segment.first <= vector);
        if let Some(sum) = place.checked_sub(1).map(|place| &mut sums[place]) {
            let hashes = counts.iter().map(|(term, &count)| hash(term, Posting { text: vector, count }));
            sum.difference = hashes.fold(sum.difference, u64::wrapping_add);
        }
        Ok(())
    })?;
    for SegmentSum { segment, difference } in &mut sums {
        for_each_term(catalog, *segment, |term, postings| {
            let existing = postings.iter().filter(|posting| vectors.contains(posting.text));
            *difference = existing.map(|&posting| hash(term, posting)).fold(*difference, u64::wrapping_sub);
        })?;
        if *difference != 0 {
            faults.add(catalog.path(), Damage::Words { segment: segment.id });
        }
    }
    if wrong_lengths > 0 {
        faults.add(catalog.path(), Damage::WordLengths { count: wrong_lengths });
    }
    Ok(())
}

fn hash(term: &str, posting: Posting) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((term, posting.text, posting.count))
}
