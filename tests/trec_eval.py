#!/usr/bin/env python3
"""Checks that `embed eval` and trec_eval agree to 1e-6 on synthetic data.

    pip install pytrec_eval-terrier
    python tests/trec_eval.py target/debug/embed

`embed search` ranks the corpus for every query; pytrec_eval evaluates that ranking, and `embed eval` its own.
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytrec_eval

MODEL = Path(__file__).resolve().parent / "fixtures" / "tiny-bert"
TOLERANCE = 1e-6
WORDS = "apple bank cat dog evening fast green house in jump king late market night old paper rain stock the war".split()


def texts(generator, count, length):
    """Distinct texts, so that no two scores are equal."""
    found = set()
    while len(found) < count:
        found.add(" ".join(generator.choices(WORDS, k=length)))
    return sorted(found)


def write_benchmark(folder, generator):
    documents = {f"d{number}": text for number, text in enumerate(texts(generator, 300, 9))}
    queries = {f"q{number}": text for number, text in enumerate(texts(generator, 40, 4))}
    judgements = {query: {document: generator.choice([0, 1, 1, 2, 3]) for document in generator.sample(list(documents), 30)}
                  for query in queries}
    with open(folder / "corpus.jsonl", "w") as corpus:
        for document, text in documents.items():
            title, rest = text.split(" ", 1)
            print(json.dumps({"_id": document, "title": title, "text": rest}), file=corpus)
    with open(folder / "queries.jsonl", "w") as file:
        for query, text in queries.items():
            print(json.dumps({"_id": query, "text": text}), file=file)
    (folder / "qrels").mkdir()
    with open(folder / "qrels" / "test.tsv", "w") as file:
        print("query-id\tcorpus-id\tscore", file=file)
        for query, relevance in judgements.items():
            for document, value in relevance.items():
                print(query, document, value, sep="\t", file=file)
    return queries, judgements


def ranking(binary, folder, queries, by):
    """The first 100 documents of each query, ranked by meaning, words or both."""
    command = [binary, "search", "--queries", "-", "corpus.jsonl", "--text", "title", "--text", "text", "--id", "_id",
               "-k", "100", "--by", by, "--jsonl", "--quiet", "--model", str(MODEL)]
    output = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True,
                            input="".join(f"{text}\n" for text in queries.values())).stdout
    ids = list(queries)
    run = {query: {} for query in ids}
    for record in map(json.loads, output.splitlines()):
        # The measures depend on the order only; ranks, unlike scores, have no ties.
        run[ids[record["query_line"] - 1]][record["document"].split(":", 1)[1]] = -float(record["rank"])
    return run


def mean(measured, name):
    return sum(values[name] for values in measured.values()) / len(measured)


def expected(judgements, run):
    """The measures of trec_eval."""
    evaluator = pytrec_eval.RelevanceEvaluator(judgements, {"ndcg_cut.10", "recall.100", "recip_rank"})
    measured = evaluator.evaluate(run)
    first_ten = {query: dict(sorted(documents.items(), key=lambda item: -item[1])[:10])
                 for query, documents in run.items()}
    reciprocal = evaluator.evaluate(first_ten)
    return {"ndcg@10": mean(measured, "ndcg_cut_10"), "recall": mean(measured, "recall_100"),
            "mrr@10": mean(reciprocal, "recip_rank")}


def main():
    binary = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        queries, judgements = write_benchmark(folder, random.Random(5))
        command = [binary, "eval", str(folder), "--json", "--quiet", "--model", str(MODEL)]
        command += ["--by", "meaning", "--by", "words", "--by", "both"]
        results = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["results"]
        for found in results:
            by = found["by"]
            for measure, value in expected(judgements, ranking(binary, folder, queries, by)).items():
                print(f"{measure:8} by {by:8} embed {found[measure]:.9f}   trec_eval {value:.9f}")
                assert abs(found[measure] - value) <= TOLERANCE, (measure, by)


if __name__ == "__main__":
    main()
