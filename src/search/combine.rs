//! Adding and subtracting meanings: `king - man + woman`.

use crate::vectors::{Dimension, NoDirection, UnitVectors};

/// A unit vector that is added to a query or subtracted from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Term<'a> {
    /// Hits should be similar to it.
    Plus(&'a [f32]),
    /// Hits should be dissimilar to it.
    Minus(&'a [f32]),
}

/// Every query with all `terms` added, scaled to length 1 again: queries x dimension.
///
/// # Errors
///
/// [`NoDirection`] where the vectors cancel out.
///
/// # Panics
///
/// If the dimension of a term differs from that of the queries.
pub fn combine(queries: &UnitVectors, terms: &[Term<'_>]) -> Result<UnitVectors, NoDirection> {
    if terms.is_empty() {
        return Ok(queries.clone());
    }
    let mut combined = UnitVectors::new(queries.dimension());
    for query in queries.rows() {
        combined.push(&sum(query.to_vec(), terms))?;
    }
    Ok(combined)
}

/// The sum of `terms` alone, scaled to length 1: 1 x dimension.
///
/// # Errors
///
/// [`NoDirection`] where they cancel out.
///
/// # Panics
///
/// If the dimension of a term differs.
pub fn combine_terms(dimension: Dimension, terms: &[Term<'_>]) -> Result<UnitVectors, NoDirection> {
    let mut combined = UnitVectors::new(dimension);
    combined.push(&sum(vec![0.0; dimension.get()], terms))?;
    Ok(combined)
}

fn sum(mut start: Vec<f32>, terms: &[Term<'_>]) -> Vec<f32> {
    for term in terms {
        let (sign, vector) = match term {
            Term::Plus(vector) => (1.0, vector),
            Term::Minus(vector) => (-1.0, vector),
        };
        assert_eq!(vector.len(), start.len(), "a term has the dimension of the query");
        for (sum, component) in start.iter_mut().zip(*vector) {
            *sum += sign * component;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::Dimension;

    fn queries(rows: &[[f32; 2]]) -> UnitVectors {
        let mut queries = UnitVectors::new(Dimension::new(2).expect("2 is a dimension"));
        for row in rows {
            queries.push(row).expect("the row has a direction");
        }
        queries
    }

    #[test]
    fn terms_are_added_and_taken_away_and_the_sum_has_length_1() {
        let sum = combine(&queries(&[[1.0, 0.0]]), &[Term::Plus(&[0.0, 1.0]), Term::Minus(&[1.0, 0.0])]);
        assert_eq!(sum.expect("they do not cancel out").as_slice(), [0.0, 1.0]);
        let both = combine(&queries(&[[1.0, 0.0]]), &[Term::Plus(&[0.0, 1.0])]).expect("a direction");
        assert!(both.as_slice().iter().all(|component| (component - 0.5_f32.sqrt()).abs() < 1e-6));
    }

    #[test]
    fn no_terms_leave_every_bit_of_the_queries() {
        let original = queries(&[[0.3, 0.7], [0.1, -0.2]]);
        assert_eq!(combine(&original, &[]), Ok(original));
    }

    #[test]
    fn vectors_that_cancel_out_are_no_query() {
        combine(&queries(&[[1.0, 0.0]]), &[Term::Minus(&[1.0, 0.0])]).expect_err("nothing is left");
    }
}
