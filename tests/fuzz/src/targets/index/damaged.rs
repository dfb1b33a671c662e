//! Bytes of the files of an index that another program changed.
//!
//! Neither a reader nor the verification panics, and if neither reports anything, every answer is as before.

use std::fs;
use std::path::Path;

use embed::index::verify;

use super::super::bytes::Bytes;
use super::template::{ANSWERS, FILES, answers, copy, repair};

const HEADER_BYTES: usize = 4096;

/// A file, and whether the index is repaired; then changes of the file.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let names: Vec<&String> = FILES.keys().collect();
    let first = usize::from(bytes.byte());
    let (name, is_repaired) = (names[first % names.len()], first >= 192);
    let changed = change(&FILES[name], &mut bytes);
    let folder = copy();
    fs::write(folder.path().join(name), changed).expect("a temporary file can be written");
    check(folder.path());
    if is_repaired && repair(folder.path()) {
        answers(folder.path()).expect("nothing is wrong any more");
    }
}

fn check(index: &Path) {
    let found = answers(index);
    let faults = verify(index);
    if let (Ok(found), Ok(faults)) = (found, faults)
        && faults.is_empty()
    {
        assert_eq!(found, *ANSWERS, "what is not reported changes no answer");
    }
}

/// Applies changes until the input ends.
fn change(original: &[u8], bytes: &mut Bytes<'_>) -> Vec<u8> {
    let mut file = original.to_vec();
    while !bytes.is_empty() {
        let kind = bytes.byte();
        let place = bytes.number(3) as usize % (file.len() + 1);
        match kind % 6 {
            0 => put(&mut file, place, &[bytes.byte()]),
            1 => {
                let length = 1 + usize::from(bytes.byte() % 16);
                put(&mut file, place, bytes.slice(length));
            }
            2 => {
                let flipped = file.get(place).copied().unwrap_or(0) ^ (1 << (bytes.byte() % 8));
                put(&mut file, place, &[flipped]);
            }
            3 => file.truncate(place),
            4 => {
                let (from, length) = (bytes.number(3) as usize, usize::from(bytes.byte()) * 16);
                let from = from % (file.len() + 1);
                let moved = file[from..(from + length).min(file.len())].to_vec();
                put(&mut file, place, &moved);
            }
            _ => mend_header(&mut file),
        }
    }
    file
}

/// Overwrites what is in the file.
fn put(file: &mut [u8], place: usize, bytes: &[u8]) {
    let room = &mut file[place..];
    let length = room.len().min(bytes.len());
    room[..length].copy_from_slice(&bytes[..length]);
}

/// Makes the checksum of a header right again, so that its other checks are reached.
fn mend_header(file: &mut [u8]) {
    if let Some(header) = file.get_mut(..HEADER_BYTES) {
        let (fields, checksum) = header.split_at_mut(HEADER_BYTES - 4);
        checksum.copy_from_slice(&crc32fast::hash(fields).to_le_bytes());
    }
}
