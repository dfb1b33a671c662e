//! The corpus of the fuzz targets, replayed: inputs that once failed, and some of each kind.

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/targets/mod.rs"]
pub(crate) mod targets;

#[test]
fn every_input_of_the_corpus_is_handled() {
    let corpus = Path::new("tests/fuzz/corpus");
    assert_eq!(fs::read_dir(corpus).unwrap().count(), targets::TARGETS.len(), "each target has a folder");
    for (name, target) in targets::TARGETS {
        for input in fs::read_dir(corpus.join(name)).unwrap() {
            target(&fs::read(input.unwrap().path()).unwrap());
        }
    }
}
