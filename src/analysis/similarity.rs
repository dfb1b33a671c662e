//! Cosine similarities of rows.

use crate::simd::InstructionSet;
use crate::vectors::UnitVectors;

/// The cosine of `vector`, a unit vector, with each row, in order.
///
/// # Panics
///
/// If the dimensions differ.
#[must_use]
pub fn similarities(vector: &[f32], rows: &UnitVectors) -> Vec<f32> {
    let mut scores = vec![0.0; rows.len()];
    InstructionSet::best().dots(vector, rows.as_slice(), &mut scores);
    scores
}

/// The cosine of every row with every row, including itself: rows x rows.
#[must_use]
pub fn similarity_matrix(rows: &UnitVectors) -> Vec<Vec<f32>> {
    rows.rows().map(|row| similarities(row, rows)).collect()
}

/// The cosine of each row of `left` with the corresponding row of `right`.
///
/// # Panics
///
/// If the numbers of rows or the dimensions differ.
#[must_use]
pub fn pairwise_similarities(left: &UnitVectors, right: &UnitVectors) -> Vec<f32> {
    assert_eq!(left.len(), right.len(), "every row has a counterpart");
    left.rows().zip(right.rows()).map(|(left, right)| InstructionSet::best().dot(left, right)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::Dimension;

    fn unit(rows: &[[f32; 2]]) -> UnitVectors {
        let mut vectors = UnitVectors::new(Dimension::new(2).expect("it is at least 1"));
        for row in rows {
            vectors.push(row).expect("the row has a direction");
        }
        vectors
    }

    #[test]
    fn cosines_match_the_angles() {
        let vectors = unit(&[[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [3.0, 4.0]]);
        assert_eq!(similarities(vectors.row(0), &vectors), [1.0, 0.0, -1.0, 0.6]);
        let matrix = similarity_matrix(&vectors);
        assert_eq!(matrix[0], [1.0, 0.0, -1.0, 0.6]);
        assert_eq!(matrix[3], [0.6, 0.8, -0.6, 1.0]);
        assert_eq!(pairwise_similarities(&vectors, &unit(&[[1.0, 0.0]; 4])), [1.0, 0.0, -1.0, 0.6]);
    }
}
