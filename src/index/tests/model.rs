//! Random operations against a model in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Documents by source and key.
type Content = BTreeMap<(String, String), String>;

#[derive(Debug, Clone)]
enum Operation {
    Put { source: usize, lines: Vec<usize> },
    Begin { source: usize, lines: Vec<usize> },
    RemoveSource { source: usize },
    RemoveDocument { source: usize, line: usize },
    DiscardAbandoned,
    Commit,
    Compact,
    Close,
    Crash,
}

const SOURCES: [&str; 3] = ["a.txt", "b.txt", "sub/c.txt"];
const TEXTS: [&str; 6] = ["red", "green", "blue", "cyan", "magenta", "yellow"];

fn operation() -> impl Strategy<Value = Operation> {
    let source = || 0..SOURCES.len();
    let lines = || prop::collection::vec(0..TEXTS.len(), 0..5);
    prop_oneof![
        4 => (source(), lines()).prop_map(|(source, lines)| Operation::Put { source, lines }),
        1 => (source(), lines()).prop_map(|(source, lines)| Operation::Begin { source, lines }),
        1 => source().prop_map(|source| Operation::RemoveSource { source }),
        2 => (source(), 1_usize..6).prop_map(|(source, line)| Operation::RemoveDocument { source, line }),
        1 => Just(Operation::DiscardAbandoned),
        2 => Just(Operation::Commit),
        1 => Just(Operation::Compact),
        1 => Just(Operation::Close),
        1 => Just(Operation::Crash),
    ]
}

/// An index, and what it should hold.
struct Twin {
    home: Home,
    writer: Option<Writer>,
    /// What readers may see: the state at the last commit, and those after it. A batch that grew old is
    /// committed by itself, so a crash may leave any of them.
    states: Vec<Content>,
}

impl Twin {
    fn writer(&mut self) -> &mut Writer {
        self.writer.get_or_insert_with(|| self.home.writer())
    }

    fn apply(&mut self, operation: &Operation) {
        let mut content = self.states.last().expect("there is a state from the start").clone();
        match operation {
            Operation::Put { source, lines } => {
                let (source, lines) = (SOURCES[*source], texts_of(lines));
                put(self.writer(), source, &lines);
                content.retain(|(path, _), _| path != source);
                for (number, text) in (1..).zip(lines) {
                    content.insert((source.to_owned(), i32::to_string(&number)), text.to_owned());
                }
            }
            Operation::Begin { source, lines } => {
                begin(self.writer(), SOURCES[*source], &texts_of(lines));
            }
            Operation::RemoveSource { source } => {
                let source = SOURCES[*source];
                let _there_may_be_none = self.writer().remove_source(&path(source));
                content.retain(|(path, _), _| path != source);
            }
            Operation::RemoveDocument { source, line } => {
                let (source, key) = (SOURCES[*source], line.to_string());
                let removed = self.writer().remove_documents(&path(source), &[&key]);
                let known = content.remove(&(source.to_owned(), key));
                assert_eq!(removed.unwrap_or(0), usize::from(known.is_some()));
            }
            Operation::DiscardAbandoned => drop(self.writer().discard_abandoned().unwrap()),
            Operation::Commit => self.writer().commit().unwrap(),
            Operation::Compact => self.writer().copy_live_rows().unwrap(),
            Operation::Close => {
                self.writer();
                self.writer.take().expect("it was just made").close().unwrap();
            }
            Operation::Crash => self.writer = None,
        }
        self.states.push(content);
        match operation {
            Operation::Commit | Operation::Compact | Operation::Close => {
                let committed = self.states.pop().expect("it was just pushed");
                self.states = vec![committed];
            }
            Operation::Crash => drop(self.states.pop()),
            _ => {}
        }
    }

    /// Compares what readers see with the model.
    fn compare(&mut self, operation: &Operation) {
        let reader = self.home.reader();
        let mut seen = Content::new();
        for (source, document, text) in visible(&reader) {
            assert_eq!(seen.insert((source, document), text), None);
        }
        let counts = reader.counts().unwrap();
        assert_eq!(counts.documents, seen.len() as u64);
        assert!(self.states.contains(&seen), "after {operation:?}: {seen:?} is none of {:?}", self.states);
        self.home.assert_whole();
        if matches!(operation, Operation::Crash) {
            self.states = vec![seen];
        }
    }
}

fn texts_of(lines: &[usize]) -> Vec<&'static str> {
    lines.iter().map(|&line| TEXTS[line]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn any_sequence_of_operations_leaves_what_a_model_in_memory_holds(
        operations in prop::collection::vec(operation(), 1..24)
    ) {
        let mut twin = Twin { home: Home::with_index(), writer: None, states: vec![Content::new()] };
        for operation in &operations {
            twin.apply(operation);
            twin.compare(operation);
        }
    }
}
