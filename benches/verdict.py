#!/usr/bin/env python3
"""How well confidence separates the right corpus from a wrong one.

    cargo build --release
    python benches/verdict.py target/release/embed DATA/scifact WRONG

Runs the judged queries of a BEIR benchmark against its own corpus and the files below WRONG, a folder of texts on other subjects.
A query is accepted if its best result has a confidence of 0.5. Both corpora are indexed in a temporary folder, which takes
minutes.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path


def accepted(binary, index, queries):
    """The share of the queries whose best result has a confidence of 0.5."""
    command = [binary, "search", "--queries", queries, "--index", index, "-k", "1", "--jsonl", "--quiet"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    confidences = [json.loads(line)["confidence"] for line in output.splitlines()]
    if None in confidences:
        raise SystemExit("confidence is not known: an index needs a hundred passages")
    return sum(confidence >= 0.5 for confidence in confidences) / len(confidences)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("benchmark", type=Path)
    parser.add_argument("wrong", type=Path)
    arguments = parser.parse_args()
    binary, benchmark = arguments.binary.resolve(), arguments.benchmark.resolve()
    judged = {line.split("\t")[0] for line in (benchmark / "qrels/test.tsv").read_text().splitlines()[1:]}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        with open(benchmark / "queries.jsonl") as queries, open(folder / "queries.txt", "w") as texts:
            for query in map(json.loads, queries):
                if query["_id"] in judged:
                    # Marks would become conditions.
                    print(query["text"].replace('"', " ").replace(" -", " "), file=texts)
        for name, source in [("right", benchmark / "corpus.jsonl"), ("wrong", arguments.wrong.resolve())]:
            fields = ["--text", "title", "--text", "text"] if name == "right" else []
            subprocess.run([binary, "index", source, "--index", folder / name, *fields], check=True)
        right, wrong = (accepted(binary, folder / name, folder / "queries.txt") for name in ["right", "wrong"])
    print(f"accepted of the right corpus  {right:.3f}")
    print(f"rejected of the wrong corpus  {1 - wrong:.3f}")
    print(f"balanced accuracy             {(right + 1 - wrong) / 2:.3f}")


if __name__ == "__main__":
    main()
