//! Attention that depends on the distance between tokens, as in `MPNet`: every class of distances adds to the scores of
//! each head.

use crate::simd::StoredMatrix;

/// Classes of distances: half for tokens before, half for tokens after. transformers supports no other number.
pub(super) const BUCKETS: usize = 32;

/// From this distance on, all distances are in one class.
const FAR: f32 = 128.0;

/// The tensor of the addends of each class of distances and head: name and shape.
pub(super) fn bias_tensor(heads: usize) -> (String, Vec<usize>) {
    ("encoder.relative_attention_bias.weight".to_owned(), vec![BUCKETS, heads])
}

/// The class of the distance from a query to a key: one each for short distances, logarithmic beyond.
pub(super) fn bucket(query: usize, key: usize) -> usize {
    const HALF: usize = BUCKETS / 2;
    const EXACT: usize = HALF / 2;
    let distance = query.abs_diff(key);
    let side = if key > query { HALF } else { 0 };
    if distance < EXACT {
        return side + distance;
    }
    let exact = EXACT as f32;
    let beyond = (distance as f32 / exact).ln() / (FAR / exact).ln() * exact;
    side + (EXACT + beyond as usize).min(HALF - 1)
}

/// The addends of distances for each head, in the form of
/// [`CpuEncoder::with_distance_addends`](crate::model::CpuEncoder::with_distance_addends).
pub(super) fn distance_addends(bias: &StoredMatrix, positions: usize, hidden_size: usize) -> Vec<f32> {
    let rows: Vec<Vec<f32>> = (0..bias.rows()).map(|bucket| bias.row(bucket).collect()).collect();
    let heads = bias.columns();
    // The encoder divides the sum by this scale.
    let scale = ((hidden_size / heads) as f32).sqrt();
    let last = positions - 1;
    let of_head = |head: usize| {
        let rows = &rows;
        (0..=2 * last).map(move |key| rows[bucket(last, key)][head] * scale)
    };
    (0..heads).flat_map(of_head).collect()
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn distances_have_the_classes_of_transformers() {
        // `MPNetEncoder.relative_position_bucket` of transformers for these keys and query 200.
        let keys =
            [0, 72, 73, 136, 137, 168, 184, 191, 192, 199, 200, 201, 208, 209, 216, 232, 264, 327, 400];
        let expected = [15, 15, 15, 14, 13, 12, 10, 8, 8, 1, 0, 17, 24, 24, 26, 28, 30, 31, 31];
        assert_eq!(keys.map(|key| bucket(200, key)), expected);
    }
}
