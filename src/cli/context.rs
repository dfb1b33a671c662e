//! The lines of a source around a hit.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::RangeInclusive;
use std::path::Path;

use crate::cli::render::without_controls;
use crate::cli::text_record::TextRecord;

/// Of a longer line, only the start is shown.
const LINE_BYTES: u64 = 4096;

/// The lines of the source that `passage` stands on (`12:`), and `around` more on either side (`11-`).
pub(crate) fn context_lines(passage: &TextRecord, around: u64) -> Vec<String> {
    let TextRecord { source, line: Some(line), end_line: Some(end_line), .. } = passage else {
        return Vec::new();
    };
    let hit = *line..=*end_line;
    let Ok(lines) = lines_around(Path::new(source), &hit, around) else {
        return Vec::new();
    };
    let shown = |ContextLine { number, text }: ContextLine| {
        let mark = if hit.contains(&number) { ':' } else { '-' };
        format!("{number:>8}{mark} {}", without_controls(text.trim_end())).trim_end().to_owned()
    };
    lines.into_iter().map(shown).collect()
}

/// A line to show.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ContextLine {
    /// Counted from 1.
    number: u64,
    text: String,
}

/// The lines of the file at `path` that `hit` spans, and `around` more on either side.
///
/// # Errors
///
/// What the system says of the file.
fn lines_around(path: &Path, hit: &RangeInclusive<u64>, around: u64) -> io::Result<Vec<ContextLine>> {
    let wanted = hit.start().saturating_sub(around)..=hit.end().saturating_add(around);
    let mut reader = BufReader::new(File::open(path)?);
    let mut lines = Vec::new();
    let mut buffer = Vec::new();
    for number in 1..=*wanted.end() {
        buffer.clear();
        if io::Read::take(&mut reader, LINE_BYTES).read_until(b'\n', &mut buffer)? == 0 {
            break;
        }
        if !buffer.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
        }
        if wanted.contains(&number) {
            lines.push(ContextLine { number, text: String::from_utf8_lossy(&buffer).into_owned() });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(content: &[u8], hit: RangeInclusive<u64>, around: u64) -> Vec<u64> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("lines.txt");
        std::fs::write(&path, content).expect("the folder is writable");
        let lines = lines_around(&path, &hit, around).expect("the file is there");
        lines.into_iter().map(|line| line.number).collect()
    }

    #[test]
    fn lines_around_a_hit_end_with_the_file() {
        assert_eq!(numbers(b"a\nb\nc\nd\ne\n", 3..=3, 1), [2, 3, 4]);
        assert_eq!(numbers(b"a\nb\nc", 1..=2, 9), [1, 2, 3]);
        assert_eq!(numbers(b"a\nb\n", 2..=2, u64::MAX), [1, 2]);
    }

    #[test]
    fn the_rest_of_a_long_line_is_no_line_of_its_own() {
        let mut content = vec![b'x'; 3 * LINE_BYTES as usize];
        content.extend(b"\nnext\n");
        assert_eq!(numbers(&content, 2..=2, 0), [2]);
        let exact = [vec![b'x'; LINE_BYTES as usize - 1], b"\nnext\n".to_vec()].concat();
        assert_eq!(numbers(&exact, 2..=2, 1), [1, 2]);
    }
}
