//! `--where`, `--like`, `--plus` and `--minus`: which documents are searched, and for what.

use super::support::Sandbox;

const SHOP: &str = "sku,text,price,lang\n1,a red ship,9,en\n2,a blue ship,120,en\n3,ein Schiff,30,de\n";

fn indexed() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("shop.csv", SHOP);
    sandbox.write("notes.txt", "a ship at sea\n");
    assert_eq!(sandbox.run_tiny(&["index", "shop.csv", "--id", "sku"]).code, 0);
    assert_eq!(sandbox.run_tiny(&["index", "notes.txt"]).code, 0);
    sandbox
}

fn ids(records: &[serde_json::Value]) -> Vec<&str> {
    let mut ids: Vec<&str> = records.iter().map(|record| record["id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn filters_hold_before_the_best_are_chosen() {
    let sandbox = indexed();
    let found = |filters: &[&str]| {
        let filters: Vec<&str> = filters.iter().flat_map(|filter| ["--where", filter]).collect();
        sandbox.records(&[["search", "ship", "-k", "1"].as_slice(), &filters].concat())
    };
    for (filters, id) in [
        (["price > 100"].as_slice(), "shop.csv:2"),
        (&["price >= 9", "price < 10"], "shop.csv:1"),
        (&["lang = de"], "shop.csv:3"),
        (&["source ~ notes"], "notes.txt:1"),
        (&["id = 2"], "shop.csv:2"),
    ] {
        assert_eq!(ids(&found(filters)), [id], "{filters:?}");
    }
}

#[test]
fn filters_mean_the_same_over_an_index_and_over_files() {
    let sandbox = indexed();
    for filter in ["price < 100", "lang != en", "price = 120", "text = x", "source = shop.csv", "id > \"1\""]
    {
        let options = ["-k", "9", "--jsonl", "--where", filter];
        let from_index = sandbox.run(&[["search", "ship"].as_slice(), &options].concat());
        // The line of a text file is its id, whatever field a table has.
        let direct = sandbox.run_tiny(
            &[["search", "ship", "shop.csv", "notes.txt", "--id", "sku"].as_slice(), &options].concat(),
        );
        assert_eq!(from_index, direct, "{filter}");
    }
}

#[test]
fn a_field_that_no_document_has_is_said() {
    let sandbox = indexed();
    let said = |filter: &str, code: i32| {
        let from_index = sandbox.run(&["search", "ship", "--where", filter]);
        let direct = sandbox.run_tiny(&["search", "ship", "shop.csv", "--where", filter]);
        assert_eq!((from_index.code, direct.code), (code, code), "{filter}");
        assert_eq!(from_index.stderr, direct.stderr, "{filter}");
        direct.stderr
    };
    assert_eq!(said("pirce > 3", 1), "no document has the field pirce\n");
    assert_eq!(said("price.unit = kg", 1), "no document has the field price.unit\n");
    assert_eq!(said("langauge != de", 0), "no document has the field langauge\n");
    assert_eq!(said("lang = fr", 1), "");
    assert_eq!(said("lang != fr", 0), "");
}

#[test]
fn a_filter_that_nothing_passes_finds_nothing() {
    let sandbox = indexed();
    assert_eq!(sandbox.run(&["search", "ship", "--where", "price > 1000"]).code, 1);
    let direct = sandbox.run_tiny(&["search", "ship", "shop.csv", "--where", "price > 1000"]);
    assert_eq!((direct.code, direct.stderr.as_str()), (1, ""));
    let direct = sandbox.run_tiny(&["search", "ship", "notes.txt", "--where", "price > 1000"]);
    assert_eq!((direct.code, direct.stderr.as_str()), (1, "no document has the field price\n"));
}

#[test]
fn a_wrong_filter_is_pointed_at() {
    let sandbox = indexed();
    let wrong = sandbox.run(&["search", "ship", "--where", "price >"]);
    wrong.assert_error("--where 'price >': a value is missing; for an empty one write \"\"");
    let lines: Vec<&str> = wrong.stderr.lines().collect();
    assert_eq!(lines[1].find('^'), Some("error: --where 'price >".len()));
    let spaced = sandbox.run(&["search", "ship", "--where", "the price > 2"]);
    let lines: Vec<&str> = spaced.stderr.lines().collect();
    assert_eq!(lines[1].find('^'), lines[0].find("price"), "{spaced:?}");
}

#[test]
fn text_of_the_user_never_becomes_part_of_a_statement() {
    let sandbox = indexed();
    for filter in ["lang = \"x' OR '1' = '1\"", "\"a') OR (1\" = 1", "source ~ \"%\""] {
        assert_eq!(sandbox.run(&["search", "ship", "--where", filter]).code, 1, "{filter}");
    }
}

#[test]
fn more_like_a_document_leaves_the_document_out() {
    let sandbox = indexed();
    let liked = sandbox.records(&["search", "--like", "shop.csv:1", "-k", "9"]);
    assert_eq!(ids(&liked), ["notes.txt:1", "shop.csv:2", "shop.csv:3"]);
    assert!(liked.iter().all(|record| record["query"] == "shop.csv:1"));
    let by_text = sandbox.records(&["search", "a red ship", "-k", "9", "--by", "meaning"]);
    for record in &liked {
        let same =
            by_text.iter().find(|other| other["id"] == record["id"]).expect("it is found by the text, too");
        let (left, right) = (record["score"].as_f64().unwrap_or(9.0), same["score"].as_f64().unwrap_or(-9.0));
        assert!((left - right).abs() < 1e-5, "{record} {same}");
    }
    let direct =
        ["search", "--like", "shop.csv:1", "shop.csv", "notes.txt", "-k", "9", "--id", "sku", "--jsonl"];
    assert_eq!(sandbox.run_tiny(&direct).records(), liked);
    sandbox.run(&["search", "--like", "shop.csv:77"]).assert_error("nothing has the id \"shop.csv:77\"");
}

#[test]
fn a_passage_can_be_liked_and_its_whole_document_is_left_out() {
    let sandbox = Sandbox::new();
    sandbox.write("a.md", "a cat and a dog\n\n".repeat(10));
    sandbox.write("b.md", "a ship\n");
    assert_eq!(sandbox.run_tiny(&["index", "a.md", "b.md", "--passage-tokens", "12"]).code, 0);
    let passages = sandbox.records(&["search", "cat", "-k", "99"]);
    let further = passages.iter().find(|record| record["id"] != record["document"]).expect("a.md is long");
    let liked = sandbox.records(&["search", "--like", further["id"].as_str().expect("an id"), "-k", "99"]);
    assert_eq!(ids(&liked), ["b.md:1"]);
}

#[test]
fn meanings_are_added_and_taken_away() {
    let sandbox = indexed();
    let order = |arguments: &[&str]| {
        let records = sandbox.records(&[arguments, &["-k", "9"]].concat());
        records.iter().map(|record| record["id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order(&["search", "--plus", "a red ship"]), order(&["search", "a red ship"]));
    let scores = |arguments: &[&str]| {
        let records = sandbox.records(&[arguments, &["-k", "9"]].concat());
        records
            .iter()
            .map(|record| (record["id"].to_string(), record["score"].to_string()))
            .collect::<Vec<_>>()
    };
    let plain = scores(&["search", "a red ship"]);
    assert_ne!(scores(&["search", "a red ship", "--plus", "a dog"]), plain);
    assert_ne!(scores(&["search", "a red ship", "--minus", "a dog"]), plain);
    sandbox
        .run(&["search", "a red ship", "--minus", "a red ship"])
        .assert_error("the added and subtracted meanings cancel out");
    let labelled = sandbox.records(&["search", "--like", "shop.csv:1", "--plus", "sea", "--minus", "red"]);
    assert_eq!(labelled[0]["query"], "shop.csv:1 + sea - red");
}
