#!/usr/bin/env python3
"""`embed duplicates --pairs` and `embed cluster --threshold` against sentence-transformers on the same vectors, alternating.

    cargo build --release
    python benches/compare_analysis.py --rows 20000 --rounds 3

Needs numpy, torch and sentence-transformers. The vectors are random directions around centres, with copies among them;
`embed import` puts them into an index. embed is timed as a whole process that reads the index and writes JSON: all pairs,
and for every cluster its size, three texts and, unless --words is 0, its distinctive words. The peer is timed as the
function alone, with its vectors in memory. The pairs and the members of communities must be equal; no score is within
1e-6 of a threshold. Run it on an idle machine.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy
import torch
from sentence_transformers import util

BINARY = Path(__file__).resolve().parent.parent / "target" / "release" / "embed"
MIN_SIZE = 10


def unit(rows):
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def sample(count, dimension):
    """Unit vectors around one centre per 50 rows, at various distances; every tenth row nearly equals another."""
    random = numpy.random.default_rng(7)
    centres = unit(random.standard_normal((max(count // 50, 1), dimension)))
    spread = random.uniform(0.3, 1.2, (count, 1)) / dimension ** 0.5
    rows = centres[random.integers(0, len(centres), count)] + spread * random.standard_normal((count, dimension))
    copies = random.permutation(count)[: count // 10]
    rows[copies] = rows[random.integers(0, count, len(copies))]
    rows[copies] += 0.1 / dimension ** 0.5 * random.standard_normal((len(copies), dimension))
    return unit(rows).astype(numpy.float32)


def between_scores(rows, threshold):
    """A threshold near `threshold` with no score close to it, so that rounding does not matter."""
    near = []
    for start in range(0, len(rows), 1000):
        scores = rows[start:start + 1000].astype(numpy.float64) @ rows.T.astype(numpy.float64)
        near.append(scores[abs(scores - threshold) < 1e-3])
    near = numpy.unique(numpy.concatenate(near))
    if len(near) < 2:
        return threshold
    widest = int(numpy.argmax(numpy.diff(near)))
    gap = near[widest + 1] - near[widest]
    assert gap > 2e-6, f"no gap among {len(near)} scores near {threshold}"
    return float(near[widest] + gap / 2)


def timed(function):
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def ours(folder, *arguments):
    command = [BINARY, *map(str, arguments), "--jsonl", "--quiet"]
    output = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return output


def row(text):
    return int(text["text"].removeprefix("text "))


def parse_pairs(output):
    records = map(json.loads, output.splitlines())
    return {(row(record["first"]), row(record["second"])): record["score"] for record in records}


def parse_communities(output):
    members = {}
    for record in map(json.loads, output.splitlines()):
        if record["cluster"] is not None:
            members.setdefault(record["cluster"], set()).add(row(record))
    return [members[number] for number in sorted(members)]


def check_pairs(found, peer):
    expected = {(first, second): score for score, first, second in peer}
    assert found.keys() == expected.keys(), f"{len(found)} pairs, not {len(expected)}"
    assert all(abs(found[pair] - expected[pair]) < 1e-5 for pair in found)


def check_communities(found, peer):
    assert sorted(map(sorted, found)) == sorted(map(sorted, peer)), f"{len(found)} communities, not {len(peer)}"
    assert [len(members) for members in found] == [len(members) for members in peer]


def compare(name, rounds, own, peer, found, check):
    """`found` is what embed finds, and `own` the run that is timed."""
    ratios, times = [], []
    for _ in range(rounds):
        _, own_seconds = timed(own)
        expected, peer_seconds = timed(peer)
        check(found, expected)
        ratios.append(peer_seconds / own_seconds)
        times.append((own_seconds, peer_seconds))
    own_seconds, peer_seconds = map(statistics.median, zip(*times))
    span = f"{statistics.median(ratios):.1f} x ({min(ratios):.1f} - {max(ratios):.1f})"
    print(f"| {name} | {len(found):,} | {own_seconds:.2f} s | {peer_seconds:.2f} s | {span} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(os.cpu_count())
    rows = sample(arguments.rows, arguments.dimension)
    vectors = torch.from_numpy(rows)
    with tempfile.TemporaryDirectory() as folder:
        numpy.save(Path(folder) / "rows.npy", rows)
        (Path(folder) / "texts.txt").write_text("".join(f"text {row}\n" for row in range(len(rows))))
        subprocess.run([BINARY, "import", "rows.npy", "--documents", "texts.txt", "--model-name", "random", "--quiet"],
                       cwd=folder, check=True)
        print(f"{len(rows):,} rows of dimension {arguments.dimension}, {os.cpu_count()} cores\n")
        print("| | found | embed | sentence-transformers | embed is faster by |\n| --- | --- | --- | --- | --- |")
        threshold = between_scores(rows, 0.9)

        def mined():
            # The defaults keep the 100 nearest of each row and the best 500,000 pairs, more than exist here.
            return [pair for pair in util.paraphrase_mining_embeddings(vectors) if pair[0] >= threshold]

        command = ["duplicates", "--pairs", "--threshold", threshold]
        compare("duplicates --pairs, against paraphrase_mining", arguments.rounds,
                lambda: ours(folder, *command), mined, parse_pairs(ours(folder, *command)), check_pairs)
        threshold = between_scores(rows, 0.6)
        command = ["cluster", "--threshold", threshold, "--min-size", MIN_SIZE]
        members = parse_communities(ours(folder, *command, "--members"))
        for words in [(), ("--words", 0)]:
            name = " ".join(map(str, ["cluster --threshold", *words]))
            compare(f"{name}, against community_detection", arguments.rounds,
                    lambda: ours(folder, *command, *words),
                    lambda: util.community_detection(vectors, threshold=threshold, min_community_size=MIN_SIZE),
                    members, check_communities)


if __name__ == "__main__":
    main()
