"""The speed of exact search in embed, NumPy and faiss, alternating in one run.

    python benches/compare_scan.py [--rows 1000000] [--rounds 9] [--vectors ROWS.npy --queries QUERIES.npy]

Needs `cargo`, and numpy and faiss-cpu from PyPI. Rows are random unit vectors unless a file is given; everything is in
memory. Ratios are of adjacent measurements; the medians over the rounds are printed. The results are compared, too: each
row must score like the row of the same rank that NumPy finds, to 1e-5.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import faiss
import numpy as np

QUERIES = 64
BEST = 10


def unit(rng, rows, dimension):
    vectors = rng.standard_normal((rows, dimension), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Server:
    """The scans of embed, in a separate process."""

    def __init__(self, folder, vectors, queries):
        build = ["cargo", "bench", "--bench", "scan_server", "--no-run", "--message-format=json"]
        built = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True, cwd=repository())
        messages = [json.loads(line) for line in built.stdout.splitlines()]
        program = next(m["executable"] for m in messages if m.get("target", {}).get("name") == "scan_server")
        vectors.tofile(folder / "rows")
        queries.tofile(folder / "queries")
        arguments = [program, folder / "rows", folder / "queries", str(vectors.shape[1])]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, work):
        self.process.stdin.write(work + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def time(self, work):
        return self.ask(work)["milliseconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def repository():
    return pathlib.Path(__file__).resolve().parent.parent


def timed(function):
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def rested(function):
    """Waits until the threads of the previous measurement stop spinning."""
    time.sleep(0.2)
    return function()


def quantized(vectors):
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:10_000])
    index.add(vectors)
    return index


def check(server, vectors, queries):
    """Compares the results with NumPy's, and returns the fraction of rows that was scored in float32."""
    answer = server.ask(f"codes {QUERIES}")
    assert answer["rows"] == server.ask(f"float32 {QUERIES}")["rows"], "codes changed a result"
    for query, rows in zip(queries, answer["rows"]):
        scores = vectors @ query
        best = np.sort(scores)[::-1][:BEST]
        assert np.allclose(scores[rows], best, atol=1e-5), "NumPy finds better rows"
    return server.ask("codes 1")["share_scored"], answer["share_scored"]


def measure(server, vectors, queries, rounds):
    flat, half = faiss.IndexFlatIP(vectors.shape[1]), quantized(vectors)
    flat.add(vectors)

    def numpy_query():
        scores = vectors @ queries[0]
        best = np.argpartition(-scores, BEST)[:BEST]
        return best[np.argsort(-scores[best])]

    one, many = "codes 1", f"codes {QUERIES}"
    # (name, its timing, the command of embed to compare with)
    cases = [
        ("plain read of the coarse codes", lambda: server.time("read"), one),
        ("embed, float32 rows only", lambda: server.time("float32 1"), one),
        ("NumPy", lambda: timed(numpy_query), one),
        ("faiss flat", lambda: timed(lambda: flat.search(queries[:1], BEST)), one),
        ("faiss fp16 (not exact)", lambda: timed(lambda: half.search(queries[:1], BEST)), one),
        (f"faiss flat, {QUERIES} queries", lambda: timed(lambda: flat.search(queries, BEST)), many),
    ]
    print(f"{'':32}{'ms':>9}{'embed ms':>10}{'ratio':>8}   from    to")
    for name, peer, ours in cases:
        peer(), server.time(ours)
        pairs = []
        for _ in range(rounds):
            before, theirs, after = (rested(lambda: server.time(ours)), rested(peer), rested(lambda: server.time(ours)))
            pairs.append((theirs, (before + after) / 2))
        theirs, mine = np.array(pairs).T
        ratios = theirs / mine
        print(f"{name:32}{np.median(theirs):9.2f}{np.median(mine):10.2f}{np.median(ratios):8.2f}"
              f"{ratios.min():7.2f}{ratios.max():6.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--vectors", help="a .npy file of float32 unit rows")
    parser.add_argument("--queries", help=f"with --vectors, another of {QUERIES} rows or more")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    if arguments.vectors:
        vectors = np.load(arguments.vectors)
        queries = np.load(arguments.queries)[:QUERIES]
    else:
        vectors = unit(rng, arguments.rows, arguments.dimension)
        queries = unit(rng, QUERIES, arguments.dimension)
    print(f"{len(vectors)} rows of {vectors.shape[1]} float32, the best {BEST}")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(pathlib.Path(folder), vectors, queries)
        try:
            alone, together = check(server, vectors, queries)
            print(f"share of rows scored in float32: {alone:.4%} (one query), {together:.4%} ({QUERIES} queries)")
            measure(server, vectors, queries, arguments.rounds)
        finally:
            server.close()


if __name__ == "__main__":
    main()
