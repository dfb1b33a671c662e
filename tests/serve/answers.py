"""Requests whose answers, not bodies, are large: many hits of long queries, long documents, and globs that grow."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tool import Watch, serving

MODEL = Path(__file__).resolve().parents[1] / "fixtures" / "tiny-bert"
LINES = 1200
SECTIONS = 20_000
MOST_MEMORY = 400


def check(box, report):
    """Over an index with a thousand texts of one word, and one document of twenty thousand passages."""
    (box.folder / "large").mkdir()
    (box.folder / "large" / "common.txt").write_text("".join(f"common words of line {number}\n" for number in range(LINES)))
    book = "".join(f"# Part {number}\n\nA sentence of part {number}.\n\n" for number in range(SECTIONS))
    (box.folder / "large" / "book.md").write_text(book)
    box.run("index", "large/common.txt", "large/book.md", "--index", "large/.embed", "--model", MODEL)
    with serving(box, report, "--index", "large/.embed") as server, Watch(server) as watch:
        for part in (many_hits, long_document, globs):
            report.step(part, server, report)
            report.note(f"answers.{part.__name__}: {watch.since_last():.0f} MiB at most")
        anonymous, _ = watch.most()
        report.check(f"large answers stay under {MOST_MEMORY} MB", anonymous < MOST_MEMORY * 1e6 / 2**20, f"{anonymous:.0f} MiB")


def together(number, ask):
    with ThreadPoolExecutor(number) as pool:
        return [answer.status for answer in pool.map(lambda _: ask(), range(number))]


def many_hits(server, report):
    """Every hit has its query, so that long queries make long answers."""
    answer = server.post("/search", {"query": "common", "k": 1000, "by": "words"})
    report.check("a thousand hits are answered", answer.status == 200 and len(answer.json()["results"]) == 1000, answer.status)
    long = "common " + "x" * 32_000
    for name, body in [
        ("20 long queries", {"query": [long] * 10, "k": 1000, "by": "words"}),
        ("256 queries with a thousand hits", {"query": ["common"] * 256, "k": 1000, "by": "words"}),
        ("256 long texts to add", {"query": "common", "plus": ["x" * 32_000] * 255, "k": 1000}),
    ]:
        statuses = together(4, lambda: server.post("/search", body))  # noqa: B023
        report.check(f"{name} are refused", set(statuses) <= {400, 413, 429} and statuses, statuses)


def long_document(server, report):
    """A document is read in parts, in time that grows with the part."""
    first = server.get("/search", q="sentence", glob="book.md", by="words", k=1).json()["results"][0]["document"]
    begun = time.monotonic()
    answer = server.document(first)
    seconds = time.monotonic() - begun
    body = answer.json()
    report.check(
        "a long document has a thousand passages at first",
        answer.status == 200 and len(body["passages"]) == 1000 and body["total"] == SECTIONS,
        (answer.status, body.get("total")),
    )
    report.check("a long document is answered within two seconds", seconds < 2, f"{seconds:.1f} s")
    rest = server.document(first, **{"from": SECTIONS - 1, "count": 5}).json()["passages"]
    report.equal("its last passages", [passage["text"].split("\n")[0] for passage in rest], [f"# Part {SECTIONS - 2}", f"# Part {SECTIONS - 1}"])
    report.check("beyond its end there are none", server.document(first, **{"from": SECTIONS + 1}).json()["passages"] == [])
    for name, value in [("from", 0), ("count", 0), ("count", 1001), ("from", "x")]:
        answer = server.document(first, **{name: value})
        report.check(f"{name}={value} is refused", answer.status == 400 and answer.message(), answer)
    statuses = together(16, lambda: server.document(first))
    report.check("16 readers of a long document are answered", set(statuses) <= {200, 429} and 200 in statuses, statuses)


def globs(server, report):
    """A glob of a few kilobytes becomes megabytes."""
    statuses = together(12, lambda: server.post("/search", {"query": "common", "glob": ["*a" * 2000] * 100}))
    report.check("globs of many bytes are refused", set(statuses) == {400}, statuses)
