//! Correlation of two series: the measures of the STS benchmark.

/// Pearson's correlation coefficient of two series of equal length; NaN if one of them is constant.
///
/// # Panics
///
/// If the lengths differ.
#[must_use]
pub fn pearson(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len(), "a correlation takes pairs");
    let count = left.len() as f64;
    let left_mean = left.iter().sum::<f64>() / count;
    let right_mean = right.iter().sum::<f64>() / count;
    let (mut covariance, mut left_variance, mut right_variance) = (0.0, 0.0, 0.0);
    for (&x, &y) in left.iter().zip(right) {
        covariance += (x - left_mean) * (y - right_mean);
        left_variance += (x - left_mean).powi(2);
        right_variance += (y - right_mean).powi(2);
    }
    covariance / (left_variance * right_variance).sqrt()
}

/// Spearman's rank correlation: Pearson's over ranks, where equal values share the mean of their ranks.
///
/// # Panics
///
/// If the lengths differ.
#[must_use]
pub fn spearman(left: &[f64], right: &[f64]) -> f64 {
    pearson(&ranks(left), &ranks(right))
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let before = order.partition_point(|&index| values[index].total_cmp(&values[tied[0]]).is_lt());
        let shared = before as f64 + (tied.len() + 1) as f64 / 2.0;
        for &index in tied {
            ranks[index] = shared;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_correlates_perfectly_and_a_constant_not_at_all() {
        let line = [1.0, 2.0, 3.0, 4.0];
        assert!((pearson(&line, &[2.0, 4.0, 6.0, 8.0]) - 1.0).abs() < 1e-12);
        assert!((pearson(&line, &[8.0, 6.0, 4.0, 2.0]) + 1.0).abs() < 1e-12);
        assert!(pearson(&line, &[1.0; 4]).is_nan());
    }

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(ranks(&[10.0, 30.0, 10.0, 20.0]), [1.5, 4.0, 1.5, 3.0]);
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) is 0.8207826816681233.
        let correlation = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]);
        assert!((correlation - 0.820_782_681_668_123_3).abs() < 1e-12);
    }
}
