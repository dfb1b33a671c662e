//! The lines of a source around a hit, if the source still has the indexed text.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use std::path::Path;

use embed::engine::{LocatedPassage, Passage, TextEncoding, open_decoded};

use crate::cli::render::without_controls;

/// Longer lines are cut.
const LINE_BYTES: u64 = 4096;

/// Longer ranges of a source are assumed to be unchanged.
const COMPARED_BYTES: u64 = 1 << 20;

/// Reads lines of sources, and remembers which sources differ from the index.
#[derive(Debug, Default)]
pub(crate) struct SourceLines {
    /// Sources that were already reported.
    noted: HashSet<String>,
}

/// The lines to print below a hit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) lines: Vec<String>,
    /// The reason why these are not the lines of the source; once for each source.
    pub(crate) note: Option<String>,
}

/// A line to show.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ContextLine {
    /// Counted from 1.
    number: u64,
    text: String,
}

impl SourceLines {
    /// The lines of the source that contain a passage (`12:`) and `around` more on either side (`11-`), or the stored
    /// text if the source differs there.
    pub(crate) fn around(&mut self, located: &LocatedPassage, around: u64) -> Surroundings {
        let nothing = Surroundings { lines: Vec::new(), note: None };
        let LocatedPassage { source, passage, .. } = located;
        let Some((line, end_line)) = passage.lines else { return nothing };
        let hit = line..=end_line;
        let path = Path::new(source);
        let shown = match fs::metadata(path) {
            // Pipes and standard input cannot be read again.
            _ if source == "-" => return nothing,
            Ok(metadata) if !metadata.is_file() => return nothing,
            Ok(_) => compare(path, passage, &hit).and_then(|comparison| match comparison {
                Comparison::Unchanged => lines_around(path, &hit, around).map(Some),
                Comparison::Changed => Ok(None),
                // Without its encoding, the file has no lines to show.
                Comparison::Unknown => Ok(Some(Vec::new())),
            }),
            Err(error) => Err(error),
        };
        let reason = match shown {
            Ok(Some(lines)) if lines.is_empty() => {
                return Surroundings { lines: stored_lines(&passage.text, &hit), note: None };
            }
            Ok(Some(lines)) => {
                let lines = lines.into_iter().map(|line| numbered(&line, &hit)).collect();
                return Surroundings { lines, note: None };
            }
            Ok(None) => "has changed since it was indexed".to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => "is gone".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        let note =
            self.noted.insert(source.clone()).then(|| format!("{source} {reason}; showing the stored text"));
        Surroundings { lines: stored_lines(&passage.text, &hit), note }
    }
}

fn numbered(line: &ContextLine, hit: &RangeInclusive<u64>) -> String {
    let mark = if hit.contains(&line.number) { ':' } else { '-' };
    let text = without_controls(line.text.trim_end());
    format!("{:>8}{mark} {text}", line.number).trim_end().to_owned()
}

/// The lines of a stored text, with numbers if they are those of its source.
fn stored_lines(text: &str, hit: &RangeInclusive<u64>) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() as u64 != hit.end() - hit.start() + 1 {
        return lines.iter().map(|text| format!("{:>8}: {}", "", without_controls(text))).collect();
    }
    let line =
        |(number, text): (u64, &&str)| numbered(&ContextLine { number, text: (*text).to_owned() }, hit);
    hit.clone().zip(&lines).map(line).collect()
}

/// Whether a source still has the text of a passage at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Unchanged,
    Changed,
    /// It is in an encoding of two bytes a character that nothing in it names.
    Unknown,
}

/// Compares the source with the text of `passage`. It counts as unchanged when uncertain: text that was decoded,
/// unescaped or stripped of markup is not there literally.
fn compare(path: &Path, passage: &Passage, hit: &RangeInclusive<u64>) -> io::Result<Comparison> {
    let is_unchanged = if let Some((start, end)) = passage.bytes {
        let length = end.saturating_sub(start);
        if length > COMPARED_BYTES {
            return Ok(Comparison::Unchanged);
        }
        let mut stretch = Vec::new();
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start))?;
        file.take(length).read_to_end(&mut stretch)?;
        stretch.len() as u64 == length && is_stretch_of(&passage.text, &stretch)
    } else {
        let mut start = Vec::new();
        lines_of(path)?.take(LINE_BYTES).read_to_end(&mut start)?;
        if start.contains(&0) {
            return Ok(Comparison::Unknown);
        }
        has_words(&passage.text, &whole_lines(path, hit)?)
    };
    Ok(if is_unchanged { Comparison::Unchanged } else { Comparison::Changed })
}

/// Whether the letters and digits of `text` are those of `stretch`, in order. A stretch with markup or in another
/// encoding has more of them, and only ASCII characters are sure to be the same.
fn is_stretch_of(text: &str, stretch: &[u8]) -> bool {
    let decoded = str::from_utf8(stretch).ok().filter(|decoded| !decoded.contains(['&', '\0']));
    let found: Vec<char> = match decoded {
        Some(decoded) => decoded.chars().filter(|character| character.is_alphanumeric()).collect(),
        None => {
            stretch.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|&byte| char::from(byte)).collect()
        }
    };
    let is_compared = |character: &char| match decoded {
        Some(_) => character.is_alphanumeric(),
        None => character.is_ascii_alphanumeric(),
    };
    let mut found = found.into_iter();
    text.chars().filter(is_compared).all(|expected| found.any(|character| character == expected))
}

/// Whether `lines` have at least half of the words of `text`, in any order: fields are joined and unescaped.
fn has_words(text: &str, lines: &[u8]) -> bool {
    let lines = String::from_utf8_lossy(lines);
    let words =
        text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let (found, missing): (Vec<&str>, Vec<&str>) = words.partition(|word| lines.contains(word));
    lines.len() as u64 >= COMPARED_BYTES || missing.len() <= found.len()
}

/// The lines of the file at `path`, which a byte-order mark may say is UTF-16.
fn lines_of(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut file = File::open(path)?;
    let mut mark = [0; 2];
    let is_marked = file.read(&mut mark)? == mark.len() && matches!(mark, [0xfe, 0xff] | [0xff, 0xfe]);
    if is_marked {
        return Ok(Box::new(open_decoded(path, TextEncoding::Auto)?));
    }
    file.rewind()?;
    Ok(Box::new(BufReader::new(file)))
}

/// The bytes of the lines `hit`, up to the limit on comparison.
fn whole_lines(path: &Path, hit: &RangeInclusive<u64>) -> io::Result<Vec<u8>> {
    let mut reader = lines_of(path)?;
    for _ in 1..*hit.start() {
        if reader.skip_until(b'\n')? == 0 {
            break;
        }
    }
    let mut reader = reader.take(COMPARED_BYTES);
    let mut lines = Vec::new();
    for _ in hit.clone() {
        if reader.read_until(b'\n', &mut lines)? == 0 {
            break;
        }
    }
    Ok(lines)
}

/// The lines of the file at `path` that `hit` spans, and `around` more on either side.
fn lines_around(path: &Path, hit: &RangeInclusive<u64>, around: u64) -> io::Result<Vec<ContextLine>> {
    let span = hit.start().saturating_sub(around)..=hit.end().saturating_add(around);
    let mut reader = lines_of(path)?;
    let mut lines = Vec::new();
    let mut buffer = Vec::new();
    for number in 1..=*span.end() {
        buffer.clear();
        if Read::take(&mut reader, LINE_BYTES).read_until(b'\n', &mut buffer)? == 0 {
            break;
        }
        if !buffer.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
        }
        if span.contains(&number) {
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
        fs::write(&path, content).expect("the folder is writable");
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
    fn the_rest_of_a_long_line_is_not_a_line_of_its_own() {
        let mut content = vec![b'x'; 3 * LINE_BYTES as usize];
        content.extend(b"\nnext\n");
        assert_eq!(numbers(&content, 2..=2, 0), [2]);
        let exact = [vec![b'x'; LINE_BYTES as usize - 1], b"\nnext\n".to_vec()].concat();
        assert_eq!(numbers(&exact, 2..=2, 1), [1, 2]);
    }

    #[test]
    fn text_that_was_decoded_folded_or_stripped_is_still_that_of_its_stretch() {
        for (text, stretch) in [
            ("a cat", b"a cat".as_slice()),
            ("two\nlines", b"two\r\nlines"),
            ("caf\u{e9} noir", b"caf\xe9 noir"),
            ("a cat", b"a\0 \0c\0a\0t\0"),
            ("Caf\u{e9} & bar", b"<b>Caf&eacute;</b> &amp; bar"),
            ("\u{65e5}\u{672c}", b"\x93\xfa\x96\x7b"),
        ] {
            assert!(is_stretch_of(text, stretch), "{text}");
        }
        for (text, stretch) in
            [("a cat", "a bat"), ("a cat", "cat a"), ("\u{65e5}\u{672c}", "\u{672c}\u{65e5}")]
        {
            assert!(!is_stretch_of(text, stretch.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_row_of_a_table_has_the_words_of_its_fields_in_any_order() {
        assert!(has_words("On cats\nA \"long\" story", b"7,\"A \"\"long\"\" story\",On cats\n"));
        assert!(has_words("\u{65e5}\u{672c}", b"{}"));
        assert!(!has_words("On cats", b"8,On dogs and mice\n") || has_words("On cats", b"On"));
        assert!(!has_words("a story of cats", b"stock market\n"));
    }
}
