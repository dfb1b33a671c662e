//! `--precision`: what an index keeps of it, and what may be mixed.

use super::support::Sandbox;

/// The score of the best result.
fn score(sandbox: &Sandbox, flags: &[&str]) -> f64 {
    let outcome = sandbox.run_tiny(&[&["search", "how do I return", "--jsonl", "-k", "1"], flags].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    outcome.records()[0]["score"].as_f64().expect("a score")
}

fn indexed(flags: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_docs();
    let outcome = sandbox.run_tiny(&[&["index", "docs.txt"], flags].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    sandbox
}

#[test]
fn an_index_is_searched_in_its_precision_unless_another_is_named() {
    let sandbox = indexed(&["--precision", "int8"]);
    let own = score(&sandbox, &[]);
    assert_eq!(own, score(&sandbox, &["--precision", "int8"]));
    assert_eq!(own, score(&sandbox, &["docs.txt", "--precision", "int8"]));
    let mixed = score(&sandbox, &["--precision", "f32"]);
    assert!(mixed != own && (mixed - own).abs() < 0.01, "{mixed} {own}");
}

#[test]
fn vectors_of_another_precision_do_not_join_an_index() {
    for [of_index, other] in [["int8", "f32"], ["f32", "int8"]] {
        let sandbox = indexed(&["--precision", of_index]);
        let refused = sandbox.run_tiny(&["index", "docs.txt", "--precision", other]);
        assert_eq!(refused.code, 2);
        let expected = format!("(mean pooling, {of_index}, fingerprint ");
        assert!(refused.stderr.contains(&expected), "{refused:?}");
        let rebuilt = sandbox.run_tiny(&["index", "--rebuild", "--precision", other]);
        assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
        let info = sandbox.run_tiny(&["info"]).stdout;
        assert!(info.contains(&format!("(mean pooling, {other})")), "{info}");
    }
}

#[test]
fn a_precision_that_no_encoder_has_is_refused() {
    let refused = Sandbox::with_docs().run_tiny(&["search", "x", "docs.txt", "--precision", "bf16"]);
    assert_eq!(refused.code, 2);
    let message = "no encoder here computes with bf16; use int8, which is faster, or f32";
    assert!(refused.stderr.contains(message), "{refused:?}");
}
