//! The right passage first: names, numbers, versions, dates and questions, by words and by meaning.

use super::support::Sandbox;

/// The places of the results, best first.
fn places(sandbox: &Sandbox, query: &str, more: &[&str]) -> Vec<String> {
    let records = sandbox.records(&[&["search", query, "-k", "5"], more].concat());
    let place = |record: &serde_json::Value| {
        format!("{}:{}", record["source"].as_str().unwrap_or_default(), record["line"])
    };
    records.iter().map(place).collect()
}

/// Files of code that use two functions far more often than they define them.
fn with_code() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path().join("src")).expect("the sandbox is writable");
    std::fs::create_dir_all(sandbox.path().join("tests")).expect("the sandbox is writable");
    sandbox.write(
        "src/vectors.py",
        "\"\"\"Vectors of texts.\"\"\"\n\n\ndef encode(values):\n    \"\"\"Pack numbers into bytes.\"\"\"\n    \
         return struct.pack(\"<\" + \"f\" * len(values), *values)\n\n\ndef cosine_similarity(a, b):\n    \
         dot_product = sum(x * y for x, y in zip(a, b))\n    magnitude_a = sum(x * x for x in a) ** 0.5\n    \
         magnitude_b = sum(x * x for x in b) ** 0.5\n    return dot_product / (magnitude_a * magnitude_b)\n",
    );
    sandbox.write(
        "src/collection.py",
        "from vectors import cosine_similarity\n\n\nclass Collection:\n    \"\"\"A collection of embeddings that can \
         be compared by similarity.\"\"\"\n\n    def similar(self, vector, number=10):\n        \"\"\"Find the items \
         of the collection that are nearest to a vector.\"\"\"\n        scores = [(cosine_similarity(vector, \
         other), key) for key, other in self.items()]\n        return sorted(scores, reverse=True)[:number]\n",
    );
    sandbox.write(
        "docs.md",
        "# Similarity\n\nThe function that compares two embeddings gives a number from -1 to 1. Similarity of embeddings \
         is useful for search and for clusters.\n\n# Plugins\n\nA plugin can add a function for similarity of its own.\n",
    );
    sandbox.write(
        "src/ignore.rs",
        "//! Rules of what is left out.\n\n/// Reads the file of excluded paths that the configuration names.\npub fn \
         parse_excludes_file(data: &[u8]) -> Option<PathBuf> {\n    let line = data.lines().find(|line| \
         line.starts_with(b\"excludesfile\"))?;\n    let path = line.split(|byte| *byte == b'=').nth(1)?;\n    \
         Some(expand_tilde(path.trim()))\n}\n",
    );
    sandbox.write(
        "tests/ignore.rs",
        "#[test]\nfn parse_excludes_file_1() {\n    let data = bytes(\"[core]\\nexcludesFile = /foo/bar\");\n    let \
         got = super::parse_excludes_file(&data);\n    assert_eq!(path_string(got.unwrap()), \"/foo/bar\");\n}\n\n\
         #[test]\nfn parse_excludes_file_2() {\n    let data = bytes(\"[core]\\nexcludesFile = ~/foo/bar\");\n    let got \
         = super::parse_excludes_file(&data);\n    assert_eq!(path_string(got.unwrap()), home(\"foo/bar\"));\n}\n",
    );
    assert_eq!(sandbox.run(&["index", "src", "docs.md", "tests"]).code, 0);
    sandbox
}

#[test]
fn a_name_finds_its_definition() {
    let sandbox = with_code();
    let found = sandbox.records(&["search", "cosine_similarity function", "-k", "1"]);
    assert_eq!(found[0]["source"], "src/vectors.py", "{found:?}");
    let found = sandbox.records(&["search", "parse_excludes_file", "-k", "1"]);
    assert_eq!(found[0]["source"], "src/ignore.rs", "{found:?}");
}

#[test]
fn a_version_finds_its_release_notes() {
    let sandbox = Sandbox::new();
    let section = |version: u32| {
        format!(
            "\n## 0.{version} (2024-{:02}-15)\n\nThis release improves the speed of the index, mends {version} faults and adds \
             an option for plugins. Thanks to everyone who reported problems with the release before it.\n",
            1 + version % 12
        )
    };
    let notes = format!("# Changelog\n{}", (9..30).rev().map(section).collect::<String>());
    sandbox.write("changelog.md", notes);
    assert_eq!(sandbox.run(&["index", "changelog.md", "--passage-tokens", "64"]).code, 0);
    let found = sandbox.records(&["search", "release notes for version 0.19", "-k", "3"]);
    let has_version =
        |record: &serde_json::Value| record["text"].as_str().is_some_and(|text| text.contains("## 0.19"));
    assert!(found.iter().any(has_version), "{found:?}");
}

#[test]
fn an_invoice_is_found_by_its_number() {
    let sandbox = Sandbox::new();
    let invoices = [17, 45, 71, 98].map(|number| {
        format!("Invoice INV-2024-00{number}: 12 office chairs for the branch in Leeds, due in 30 days.\n")
    });
    sandbox.write("invoices.txt", invoices.concat());
    assert_eq!(places(&sandbox, "invoice INV-2024-0071", &["invoices.txt"])[0], "invoices.txt:3");
    assert_eq!(sandbox.run(&["index", "invoices.txt"]).code, 0);
    for by in ["both", "words"] {
        assert_eq!(places(&sandbox, "invoice INV-2024-0071", &["--by", by])[0], "invoices.txt:3");
    }
}

#[test]
fn a_note_is_found_by_its_name() {
    let sandbox = Sandbox::new();
    for folder in ["Daily", "Movies"] {
        std::fs::create_dir(sandbox.path().join(folder)).expect("the sandbox is writable");
    }
    for day in [28, 29, 30] {
        let text = format!("Walked {day} minutes by the river. Called the plumber about the sink.\n");
        sandbox.write(&format!("Daily/2023-09-{day}.md"), text);
    }
    sandbox.write("Movies/Blade Runner.md", "Rain, neon and a detective who hunts androids. Seen twice.\n");
    sandbox.write(
        "Movies/Some other movie.md",
        "A detective hunts machines that look like people. Seen once.\n",
    );
    assert_eq!(sandbox.run(&["index", "Daily", "Movies"]).code, 0);
    assert_eq!(places(&sandbox, "2023-09-30", &[])[0], "Daily/2023-09-30.md:1");
    assert_eq!(places(&sandbox, "Blade Runner", &[])[0], "Movies/Blade Runner.md:1");
}

#[test]
fn a_section_stands_alone() {
    let sandbox = Sandbox::new();
    let pump: Vec<String> = (1..=50)
        .map(|step| format!("Step {step} is to check valve {step} of the pump before it runs dry."))
        .collect();
    let text = format!("# Pump\n\n{}\n\n# Refunds\n\nMoney comes back in ten days.\n", pump.join(" "));
    sandbox.write("manual.md", text);
    let found = sandbox.records(&["search", "when do I get my money back", "manual.md", "-k", "1"]);
    assert_eq!(found[0]["text"], "# Refunds\n\nMoney comes back in ten days.");
    assert_eq!(found[0]["line"], 5);
}

#[test]
fn a_heading_comes_with_what_it_heads() {
    let sandbox = Sandbox::new();
    let answer = "Hold the button on the back for ten seconds until the lamp blinks, then open the page of the box in a \
                  browser and choose another one. ";
    sandbox.write("router.md", format!("# How to reset the router password\n\n{}\n", answer.repeat(20)));
    let found = sandbox.records(&["search", "how to reset the router password", "router.md", "-k", "9"]);
    assert!(found.len() > 1);
    for record in &found {
        assert!(
            record["text"].as_str().is_some_and(|text| text.contains("button") || text.contains("browser"))
        );
    }
}
