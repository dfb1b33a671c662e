#!/usr/bin/env python3
"""Quality of the bundled model on public data, against the figures recorded here.

    cargo build --release
    python benches/quality.py target/release/embed DATA
    python benches/quality.py target/release/embed DATA --every 10

DATA is a folder with `scifact/` (BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv) and `stsb/` (sts-test.csv,
tab-separated). With --every N, the corpus is that of the judged documents and of every N-th other one, which takes a
fraction of the time. Exits with 1 if a figure strays from the recorded one.
"""
import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Differences in the last bits of vectors swap near ties.
TOLERANCE = 0.001

# By precision and --every.
RECORDED = {
    ("f32", 1): {
        "spearman": 0.8680, "ndcg@10": 0.7201, "recall": 0.9517,
        "ndcg@10 by words": 0.6968, "recall by words": 0.9393, "ndcg@10 by both": 0.7535, "recall by both": 0.9683,
    },
    ("f32", 10): {
        "spearman": 0.8680, "ndcg@10": 0.8568, "recall": 0.9967,
        "ndcg@10 by words": 0.8453, "recall by words": 0.9700, "ndcg@10 by both": 0.8857, "recall by both": 0.9967,
    },
    ("int8", 1): {"spearman": 0.8680, "ndcg@10": 0.7225, "recall": 0.9450},
}


def eval_results(binary, precision, *arguments):
    command = [binary, "eval", *arguments, "--precision", precision, "--pooling", "mean", "--json", "--quiet"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)["results"]


def by_name(results):
    """Measures by meaning under their names, others with what they go by."""
    names = {"meaning": "", "words": " by words", "both": " by both"}
    return {name + names[result["by"]]: result[name] for result in results for name in ["ndcg@10", "recall"]}


def thin_out(scifact, every, folder):
    """Copies the benchmark to `folder`, with the judged documents and every `every`-th other one."""
    (folder / "qrels").mkdir()
    shutil.copy(scifact / "qrels" / "test.tsv", folder / "qrels")
    shutil.copy(scifact / "queries.jsonl", folder)
    judgements = (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]
    judged = {line.split("\t")[1] for line in judgements}
    with open(scifact / "corpus.jsonl") as corpus, open(folder / "corpus.jsonl", "w") as kept:
        for number, line in enumerate(corpus):
            if number % every == 0 or json.loads(line)["_id"] in judged:
                kept.write(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--precision", choices=["f32", "int8"], default="f32")
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    binary, data = arguments.binary.resolve(), arguments.data.resolve()
    with tempfile.TemporaryDirectory() as folder:
        thin_out(data / "scifact", arguments.every, Path(folder))
        ways = ["--by", "meaning", "--by", "words", "--by", "both"]
        measured = by_name(eval_results(binary, arguments.precision, folder, *ways))
    measured |= eval_results(binary, arguments.precision, "--sts", data / "stsb" / "sts-test.csv")[0]
    recorded = RECORDED.get((arguments.precision, arguments.every), {})
    strayed = False
    retrieval = [name + by for by in ["", " by words", " by both"] for name in ["ndcg@10", "recall"]]
    for name in ["spearman", *retrieval]:
        verdict = "not recorded"
        if name in recorded:
            held = abs(measured[name] - recorded[name]) <= TOLERANCE
            verdict = f"recorded {recorded[name]:.4f}   {'ok' if held else 'STRAYED'}"
            strayed |= not held
        print(f"{name:17} {measured[name]:.4f}   {verdict}")
    sys.exit(strayed)


if __name__ == "__main__":
    main()
