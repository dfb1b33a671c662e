//! Conformance to the format's specification, and files that violate it.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::vectors::{Dimension, UnitVectors};

const UNIT_ROWS: [f32; 4] = [0.6, -0.8, 1.0, 0.0];

/// A file of `version` with the dictionary `text`, followed by `data`.
fn file(version: u8, text: &str, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    let length = if version == 1 { &length[..2] } else { &length[..] };
    [b"\x93NUMPY", [version, 0].as_slice(), length, text.as_bytes(), data].concat()
}

fn with_shape(shape: &str, data: &[u8]) -> Vec<u8> {
    file(1, &format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"), data)
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn read(file: &[u8]) -> Result<UnitVectors, NpyError> {
    NpyReader::new(file, file.len() as u64, Path::new("v.npy"))?.next_rows(usize::MAX)
}

fn message(file: &[u8]) -> String {
    read(file).expect_err("the file is bad").to_string()
}

#[test]
fn a_matrix_is_written_as_numpy_writes_it() {
    let dimension = Dimension::new(2).unwrap();
    let mut writer = NpyWriter::new(Vec::new(), 2, dimension).unwrap();
    writer.write(&UNIT_ROWS[..2]).unwrap();
    writer.write(&UNIT_ROWS[2..]).unwrap();
    let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    expected.extend_from_slice(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }");
    expected.resize(127, b' ');
    expected.push(b'\n');
    expected.extend(bytes(&UNIT_ROWS));
    assert_eq!(writer.finish(), expected);
}

#[test]
fn every_version_and_every_spelling_of_the_header_is_read() {
    let data = bytes(&UNIT_ROWS);
    let spellings = [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }          \n",
        "{'shape':(2,2),'fortran_order':False,'descr':'<f4'}",
        "{ \"descr\" : \"<f4\" , \"fortran_order\" : False , \"shape\" : ( 2L , 2L , ) , }\n",
    ];
    for version in 1..=3 {
        for text in spellings {
            assert_eq!(read(&file(version, text, &data)).unwrap().as_slice(), UNIT_ROWS, "{version} {text}");
        }
    }
}

#[test]
fn float16_is_widened_exactly_and_then_scaled() {
    let halves: Vec<u8> = [0.5, -0.25, 0.0, 65504.0]
        .iter()
        .flat_map(|&value| half::f16::from_f32(value).to_le_bytes())
        .collect();
    let text = "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }";
    let rows = read(&file(1, text, &halves)).unwrap();
    let length = 0.3125_f64.sqrt();
    assert_eq!(rows.as_slice(), [(0.5 / length) as f32, (-0.25 / length) as f32, 0.0, 1.0]);
}

#[test]
fn an_array_of_one_dimension_is_one_row() {
    let rows = read(&with_shape("(2,)", &bytes(&UNIT_ROWS[..2]))).unwrap();
    assert_eq!((rows.len(), rows.as_slice()), (1, &UNIT_ROWS[..2]));
}

#[test]
fn rows_come_in_the_portions_asked_for() {
    let file = with_shape("(5, 1)", &bytes(&[1.0, -1.0, 1.0, 1.0, -1.0]));
    let mut reader = NpyReader::new(file.as_slice(), file.len() as u64, Path::new("v.npy")).unwrap();
    assert_eq!((reader.rows(), reader.dimension().get()), (5, 1));
    let portions: Vec<Vec<f32>> = (0..4).map(|_| reader.next_rows(2).unwrap().as_slice().to_vec()).collect();
    assert_eq!(portions, [vec![1.0, -1.0], vec![1.0, 1.0], vec![-1.0], vec![]]);
}

#[test]
fn a_matrix_of_no_rows_is_read() {
    assert!(read(&with_shape("(0, 384)", b"")).unwrap().is_empty());
}

#[test]
fn a_row_without_direction_is_named_by_its_number() {
    for bad in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 0.0], [1.0, f32::NEG_INFINITY]] {
        let file = with_shape("(3, 2)", &bytes(&[UNIT_ROWS.as_slice(), &bad].concat()));
        assert!(matches!(read(&file), Err(NpyError::NoDirection { row: 3, .. })), "{bad:?}");
    }
}

#[test]
fn a_file_of_another_kind_is_named_for_what_it_is() {
    let data = bytes(&UNIT_ROWS);
    assert_eq!(message(b""), "v.npy is not an .npy file");
    assert_eq!(message(b"PK\x03\x04 a zip archive"), "v.npy is not an .npy file");
    assert!(message(&file(4, "{}", &data)).contains("has version 4.0 of the .npy format"));
    for descr in ["'<f8'", "'>f4'", "'<i4'", "'|O'", "[('x', '<f4', (3,)), ('y]', '<f4')]"] {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2, 2), }}");
        let found = descr.trim_matches('\'');
        assert!(message(&file(1, &text, &data)).contains(&format!("numbers of type '{found}'")), "{descr}");
    }
    let columns = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }";
    assert_eq!(message(&file(1, columns, &data)), "v.npy is stored in Fortran order, column by column");
    assert!(read(&file(1, &columns.replace("(2, 2)", "(1, 4)"), &data)).is_ok(), "one row has no order");
    assert_eq!(message(&with_shape("(1, 2, 2)", &data)), "v.npy is a 3-dimensional array, not a matrix");
    assert_eq!(message(&with_shape("()", &data)), "v.npy is a 0-dimensional array, not a matrix");
    assert!(message(&with_shape("(2, 0)", &data)).contains("has rows of 0 components"));
    assert!(message(&with_shape("(2, 65537)", &data)).contains("has rows of 65537 components"));
}

#[test]
fn a_file_of_another_length_than_its_header_promises_is_refused() {
    let whole = with_shape("(2, 2)", &bytes(&UNIT_ROWS));
    for length in 0..whole.len() {
        let error = read(&whole[..length]).expect_err("the file was cut short");
        let expected = match error {
            NpyError::Magic { .. } => length < 6,
            NpyError::Header { fault: HeaderFault::CutShort, .. } => (6..whole.len() - 16).contains(&length),
            NpyError::Length { .. } => length >= whole.len() - 16,
            _ => false,
        };
        assert!(expected, "{length}: {error}");
    }
    assert!(matches!(read(&[whole, vec![0]].concat()), Err(NpyError::Length { .. })));
}

#[test]
fn a_hostile_header_is_refused_before_memory_is_asked_for() {
    let huge = [b"\x93NUMPY\x02\x00", u32::MAX.to_le_bytes().as_slice()].concat();
    assert!(message(&huge).contains("it claims to have 4294967295 bytes"));
    let beyond = with_shape("(18446744073709551615, 65536)", b"");
    assert!(matches!(read(&beyond), Err(NpyError::Length { .. })));
    let overflow = with_shape("(18446744073709551616, 2)", b"");
    assert!(message(&overflow).contains("its shape is larger than any file"));
    for text in [
        "",
        "{",
        "{}",
        "[]",
        "{'descr'}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2, 2]}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} trailing",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'other': '1'}",
        "{'descr': '<f4\\', 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': [[[['<f4', 'fortran_order': False, 'shape': (2, 2)}",
    ] {
        let error = read(&file(1, text, &bytes(&UNIT_ROWS))).expect_err(text);
        assert!(
            matches!(error, NpyError::Header { fault: HeaderFault::Syntax { .. }, .. }),
            "{text}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn a_matrix_of_unit_rows_comes_back_bit_for_bit(
        rows in (1_usize..40).prop_flat_map(|width| {
            let row = proptest::collection::vec(-1.0_f32..1.0, width)
                .prop_filter("zero has no direction", |row| row.iter().any(|&value| value != 0.0));
            proptest::collection::vec(row, 0..20).prop_map(move |rows| (width, rows))
        }),
        portion in 1_usize..7,
    ) {
        let (width, rows) = rows;
        let dimension = Dimension::new(width).unwrap();
        let mut vectors = UnitVectors::new(dimension);
        for row in &rows {
            vectors.push(row).unwrap();
        }
        let mut writer = NpyWriter::new(Vec::new(), rows.len() as u64, dimension).unwrap();
        for row in vectors.rows() {
            writer.write(row).unwrap();
        }
        let file = writer.finish();
        prop_assert_eq!((file.len() - 4 * width * rows.len()) % 64, 0);
        let mut reader = NpyReader::new(file.as_slice(), file.len() as u64, Path::new("v.npy")).unwrap();
        let mut read = UnitVectors::new(dimension);
        for _ in 0..=rows.len() / portion {
            read.append(&reader.next_rows(portion).unwrap());
        }
        prop_assert_eq!(read.len(), vectors.len());
        let bits = |vectors: &UnitVectors| vectors.as_slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&read), bits(&vectors));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&noise);
        let _ = read(&[b"\x93NUMPY\x01\x00".as_slice(), &noise].concat());
    }

    #[test]
    fn no_dictionary_makes_the_reader_panic(
        text in "[{}()\\[\\]'\",:\\\\ L0-9]{0,40}|\\{'descr': .{0,20}'shape': .{0,20}\\}",
        cut in 0_usize..70,
        byte in any::<u8>(),
    ) {
        let _ = read(&file(1, &text, &bytes(&UNIT_ROWS)));
        let mut spoiled = with_shape("(2, 2)", &bytes(&UNIT_ROWS));
        spoiled[cut] = byte;
        let _ = read(&spoiled);
    }
}
