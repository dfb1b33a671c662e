//! The weights of a model.

use embed::model::{ExpectedTensors, Weights};

use super::reading::with_file;

/// The file.
pub(crate) fn run(data: &[u8]) {
    let expected = || ExpectedTensors {
        tensors: vec![
            ("a".to_owned(), vec![2, 3]),
            ("b.c".to_owned(), vec![4]),
            ("d".to_owned(), vec![1, 1]),
        ],
        nested_prefix: "bert.",
    };
    with_file(data, |path| {
        let Ok(weights) = Weights::open(path, expected()) else { return };
        assert_eq!(weights.file_size(), data.len() as u64);
        for (name, shape) in expected().tensors {
            let tensor = weights.tensor(&name);
            let (rows, columns) = (tensor.rows(), tensor.columns());
            assert_eq!(rows * columns, shape.iter().product::<usize>());
            for row in 0..rows {
                assert_eq!(tensor.row(row).count(), columns);
            }
        }
    });
}
