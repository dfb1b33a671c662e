"""Searches answer what `embed search --json` answers on the same index, and follow the index of another process."""

import json
import re
import subprocess
from urllib.parse import quote

from . import tei
from .corpus import QUERIES
from .tool import sandbox, serving

LIKE = "papers.jsonl:4"
OFF_TOPIC = "quantum chromodynamics on a lattice"
PLACE = ["id", "source", "line", "end_line", "start_byte", "end_byte", "document", "text", "metadata"]

# What a search asks for, beyond its query.
CASES = [
    {},
    {"k": 10},
    {"k": 1000},
    {"by": "meaning", "k": 5},
    {"by": "words", "k": 5},
    {"by": "both", "k": 5},
    {"explain": True, "k": 4},
    {"explain": True, "by": "words"},
    {"group": "document", "k": 8},
    {"group": "passage", "k": 8},
    {"where": ["year >= 2010"], "k": 5},
    {"where": ["year >= 2000", "lang = en", "tags ~ bees"], "k": 5},
    {"where": ["source = shop.csv", "price < 40"]},
    {"where": ['missing = "nothing"']},
    {"glob": ["*.md"], "k": 5},
    {"glob": ["*.jsonl", "!papers*"], "k": 5},
    {"plus": ["winter"], "minus": ["museum"], "k": 5},
    {"like": [LIKE], "k": 5},
    {"like": [LIKE, "docs.txt:2"], "plus": ["money"], "k": 5},
    {"min_score": 0.5, "k": 20},
    {"min_confidence": 0.3, "k": 20},
    {"min_score": 0.99},
]


def check(chosen, report):
    with sandbox(chosen.embed) as box, serving(box, report, "--index", ".embed") as server:
        for part in (answers, many, notes, status, follows):
            report.step(part, box, server, report)
        for part in (documents, refusals):
            report.step(part, server, report)
        report.step(metrics, chosen, server, report)
    report.step(several, chosen, report)
    report.step(tei.check, chosen, report)


def command(query, asked):
    """The arguments of `embed search` that ask the same."""
    yield "search"
    for name, value in asked.items():
        flag = "-k" if name == "k" else f"--{name.replace('_', '-')}"
        if value is True:
            yield flag
        else:
            for one in value if isinstance(value, list) else [value]:
                # A value that begins with a dash or a bang stays with its flag.
                yield f"{flag}={one}" if len(flag) > 2 else f"{flag}{one}"
    yield "--json"
    if query is not None:
        yield from ("--", query)


def expected(box, query, asked):
    return json.loads(box.run(*command(query, asked)).stdout)


def parameters(query, asked):
    given = {name: "true" if value is True else value for name, value in asked.items()}
    return given if query is None else {"q": query} | given


def answers(box, server, report):
    """Every case, as GET and as POST, against the program."""
    for number, asked in enumerate(CASES):
        # The program takes no text beside reference documents: --plus adds it.
        query = None if "like" in asked else QUERIES[number % len(QUERIES)]
        wanted = expected(box, query, {"k": 3} | asked)
        body = {"k": 3} | asked | ({} if query is None else {"query": query})
        for method, answer in [
            ("GET", server.get("/search", **parameters(query, {"k": 3} | asked))),
            ("POST", server.post("/search", body)),
        ]:
            name = f"{method} /search {query!r} {asked}"
            if report.check(f"{name} is answered", answer.status == 200, answer):
                found = answer.json()
                report.equal(f"{name} has the results of the program", found["results"], wanted["results"])
                report.equal(f"{name} names the model", found["model"], wanted["model"])
    for query in QUERIES:
        answer = server.get("/search", q=query, k=5, explain="true")
        report.check(f"{query!r} is answered", answer.status == 200, answer)
        report.equal(
            f"{query!r} has the results of the program",
            answer.json().get("results"),
            expected(box, query, {"k": 5, "explain": True})["results"],
        )


def many(box, server, report):
    """Many queries in one request are those of --queries, whose lines are their numbers."""
    (box.folder / "queries.txt").write_text("".join(f"{query}\n" for query in QUERIES))
    wanted = json.loads(box.run("search", "--queries", "queries.txt", "-k", "4", "--json").stdout)["results"]
    for name, answer in [
        ("POST", server.post("/search", {"query": QUERIES, "k": 4})),
        ("GET", server.get("/search", q=QUERIES, k=4)),
    ]:
        if report.check(f"{name} of many queries is answered", answer.status == 200, answer):
            report.equal(f"{name} of many queries has the results of --queries", answer.json()["results"], wanted)
    report.check("256 queries are answered", server.post("/search", {"query": ["bees"] * 256, "k": 1}).status == 200)
    answer = server.post("/search", {"query": ["bees"] * 257, "k": 1})
    report.check("257 queries are refused", answer.status in (400, 413) and answer.message(), answer)


def notes(box, server, report):
    """Notes are the lines that the program prints on standard error."""
    for query, asked in [(OFF_TOPIC, {}), ("bees", {}), ("bees", {"where": ["nosuchfield = 1"]}), ("谢谢你", {})]:
        lines = box.run(*command(query, {"k": 3} | asked)).stderr.splitlines()
        answer = server.post("/search", {"query": query} | asked)
        found = answer.json().get("notes") if answer.status == 200 else answer
        report.equal(f"notes of {query!r} {asked}", found, [line for line in lines if line.strip()])
    answer = server.get("/search", q=OFF_TOPIC)
    report.check(
        "a query that nothing answers has a note",
        any("no result seems to answer" in note for note in answer.json()["notes"]),
        answer,
    )


def documents(server, report):
    """A document is its passages in order."""
    records = server.get("/search", q="safety and noise", glob="guide.md", k=100).json()["results"]
    records.sort(key=lambda record: record["start_byte"])
    document = records[0]["document"]
    passages = [{name: record[name] for name in PLACE} for record in records]
    report.check("the guide has several passages", len(passages) > 2, len(passages))
    # The id of a later passage is that passage.
    for identity, wanted in ((document, passages), (records[-1]["id"], passages[-1:])):
        answer = server.document(identity)
        if report.check(f"/documents/{identity} is answered", answer.status == 200, answer):
            report.equal(f"/documents/{identity} has its passages", answer.json()["passages"], wanted)
    answer = server.document(LIKE)
    report.check(
        f"{LIKE} has its metadata", answer.status == 200 and answer.json()["passages"][0]["metadata"]["year"] == 1993, answer
    )
    answer = server.ask("GET", "/documents/notes/bread.md")
    report.check(
        "a source with one document is an id, and its slash need not be encoded",
        answer.status == 200 and answer.json()["passages"][0]["source"] == "notes/bread.md",
        answer,
    )
    answer = server.ask("GET", "/documents/%FF")
    report.check("an id that is not UTF-8 is refused in JSON", answer.status == 400 and answer.message(), answer)
    for unknown in ("papers.jsonl:999", "docs.txt:99", "../docs.txt:1", "/etc/passwd", "guide.md#999", "\0", "%", "é"):
        answer = server.document(unknown)
        report.check(f"/documents of {unknown!r} is unknown", answer.status == 404 and answer.message(), answer)


REFUSED = [
    ({}, "no query"),
    ({"query": ""}, "an empty query"),
    ({"query": []}, "no queries"),
    ({"query": 5}, "a number as the query"),
    ({"query": ["bees", 5]}, "a number among the queries"),
    ({"query": None}, "null as the query"),
    ({"query": "bees", "k": "ten"}, "k as a text"),
    ({"query": "bees", "k": 0}, "k of 0"),
    ({"query": "bees", "k": -1}, "a negative k"),
    ({"query": "bees", "k": 1001}, "k above 1000"),
    ({"query": "bees", "k": 1e30}, "a huge k"),
    ({"query": "bees", "by": "luck"}, "another way to rank"),
    ({"query": "bees", "group": "paragraph"}, "another group"),
    ({"query": "bees", "where": ["year >"]}, "a filter that cannot be parsed"),
    ({"query": "bees", "where": [5]}, "a filter that is a number"),
    ({"query": "bees", "like": ["nowhere.txt:1"]}, "an unknown reference document"),
    ({"query": "bees", "min_score": "high"}, "a score as a text"),
    ({"query": "bees", "colour": "red"}, "an unknown field"),
    ({"query": "bees", "glob": ["["]}, "a glob that cannot be parsed"),
    ([], "a list"),
    ("bees", "a text"),
]


def refusals(server, report):
    for body, name in REFUSED:
        answer = server.post("/search", body)
        report.check(f"{name} is refused", answer.status in (400, 404) and answer.message(), answer)
    for given, name in [
        ({}, "no query"),
        ({"q": "bees", "k": "ten"}, "k as a text"),
        ({"q": "bees", "colour": "red"}, "an unknown parameter"),
        ({"q": "bees", "explain": "maybe"}, "explain that is no boolean"),
        ({"q": "bees", "min_score": "NaN"}, "NaN as a score"),
    ]:
        answer = server.get("/search", **given)
        report.check(f"GET with {name} is refused", answer.status == 400 and answer.message(), answer)
    answer = server.get("/search", q="bees", where="year >")
    report.check("the message marks the place in a filter", "value is missing" in (answer.message() or ""), answer)


def status(box, server, report):
    info = json.loads(box.run("info", "--json").stdout)
    answer = server.get("/status").json()
    model, index = answer["model"], answer["indexes"][0]
    report.equal("/status has the version", answer["version"], info["version"])
    report.equal(
        "/status has the model",
        model,
        {name: info["model"][name] for name in ("name", "dimension", "max_tokens", "pooling", "precision")},
    )
    report.check(
        "/status has one index, named after its folder", len(answer["indexes"]) == 1 and index["name"] == box.folder.name, answer
    )
    for name in ("id", "model", "sources", "documents", "passages", "generation", "bytes"):
        report.equal(f"/status has {name}", index[name], info["index"][name])


def follows(box, server, report):
    """What another process writes is seen by the next request, every time."""
    text = "The lighthouse keeper of Ouessant counts {} ravens at dawn."
    question = "how many ravens does the lighthouse keeper count"
    for number in range(12):
        (box.folder / "log.txt").write_text(text.format(number) + "\n")
        box.run("index", "log.txt")
        answer = server.get("/search", q=question, k=1)
        found = answer.json()["results"][0]["text"]
        if not report.check(f"change {number} is seen by the next request", found == text.format(number), answer):
            break
    answer = server.document("log.txt:1")
    report.check(
        "/documents sees the change, too", answer.status == 200 and "11 ravens" in answer.json()["passages"][0]["text"], answer
    )
    box.run("remove", "log.txt")
    answer = server.get("/search", q=question, k=3)
    report.check("what was removed is gone", not any("ravens" in record["text"] for record in answer.json()["results"]), answer)
    report.check("what was removed has no document", server.document("log.txt:1").status == 404)
    box.run("index", "--rebuild", "--dimensions", "128")
    answer = server.get("/search", q="bees", k=5)
    report.check(
        "a rebuild with another dimension is searched, or refused with a reason",
        answer.status in (200, 400, 409, 503) and (answer.status == 200 or answer.message()),
        answer,
    )
    if answer.status == 200:
        report.equal(
            "a rebuild with another dimension has the results of the program",
            answer.json()["results"],
            expected(box, "bees", {"k": 5})["results"],
        )
    report.equal(
        "/status follows",
        server.get("/status").json()["indexes"][0]["generation"],
        json.loads(box.run("info", "--json").stdout)["index"]["generation"],
    )
    box.run("index", "--rebuild", "--dimensions", "384")
    moved = box.folder / "away"
    (box.folder / ".embed").rename(moved)
    answer = server.get("/search", q="bees")
    report.check(
        "an index that is gone is 503, and a path is told to the operator alone",
        answer.status == 503 and str(box.folder) not in answer.message() and str(box.folder) in server.output(),
        (answer, server.output()[-300:]),
    )
    moved.rename(box.folder / ".embed")
    answer = server.get("/search", q="bees", k=5)
    report.equal("an index that is back is searched", answer.json().get("results"), expected(box, "bees", {"k": 5})["results"])


SAMPLE = re.compile(
    r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*",?)*\})? ([-+0-9.eE]+|[+-]Inf|NaN)$'
)


def samples(text):
    """The samples of a text of Prometheus, by name and labels."""
    return dict(line.rpartition(" ")[::2] for line in text.splitlines() if line and not line.startswith("#"))


def metrics(chosen, server, report):
    answer = server.get("/metrics")
    text = answer.body.decode()
    report.check(
        "/metrics is text of Prometheus", answer.status == 200 and answer.headers["content-type"].startswith("text/plain"), answer
    )
    wrong = [line for line in text.splitlines() if line and not line.startswith(("# HELP ", "# TYPE ")) and not SAMPLE.match(line)]
    report.check("every line of /metrics is a sample, a type or a help", not wrong and text.endswith("\n"), wrong[:3])
    before = samples(text)
    report.check("no sample is there twice", len(before) == sum(1 for line in text.splitlines() if line and line[0] != "#"))
    typed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    names = {re.sub(r"_(bucket|sum|count)$", "", re.split(r"[{ ]", name)[0]) for name in before}
    report.check("every metric has a type", names <= typed | {name for name in names if f"{name}_total" in typed}, names - typed)
    for _ in range(3):
        server.get("/search", q="bees")
    after = samples(server.get("/metrics").body.decode())
    grown = {name for name in after if float(after[name]) >= float(before.get(name, 0)) + 3}
    report.check("searches are counted", any("search" in name for name in grown), grown)
    if chosen.clients:
        script = "import sys; from prometheus_client.parser import text_string_to_metric_families as f; print(len(list(f(sys.stdin.read()))))"
        parsed = subprocess.run([chosen.clients, "-c", script], input=text, capture_output=True, text=True, timeout=60)
        report.check("prometheus-client reads /metrics", parsed.returncode == 0 and int(parsed.stdout) > 3, parsed.stderr)


def several(chosen, report):
    """Two indexes of one name, and none at all."""
    with sandbox(chosen.embed) as box, sandbox(chosen.embed, indexed=False) as bare:
        for name, text in [
            ("one/notes/.embed", "The first notes are about granite."),
            ("two/notes", "The second notes are about marble."),
        ]:
            folder = box.folder / name.partition("/")[0]
            folder.mkdir()
            (folder / "stone.txt").write_text(text + "\n")
            (box.folder / name).parent.mkdir(exist_ok=True)
            box.run("index", folder / "stone.txt", "--index", name)
        with serving(box, report, "--index", "one/notes/.embed", "--index", "two/notes", "--index", ".embed") as server:
            names = [index["name"] for index in server.get("/status").json()["indexes"]]
            report.equal("a second index of the same name gets -2", names, ["notes", "notes-2", box.folder.name])
            for name, word in [("notes", "granite"), ("notes-2", "marble")]:
                answer = server.get("/search", q="which stone", index=name)
                report.check(f"{name} is searched", answer.status == 200 and word in answer.json()["results"][0]["text"], answer)
                answer = server.post("/search", {"query": "which stone", "index": name})
                report.check(
                    f"{name} is searched with POST", answer.status == 200 and word in answer.json()["results"][0]["text"], answer
                )
                identity = answer.json()["results"][0]["id"]
                answer = server.document(identity, index=name)
                report.check(
                    f"a document of {name} is found", answer.status == 200 and word in answer.json()["passages"][0]["text"], answer
                )
            answer = server.get("/search", q="which stone")
            report.check(
                "a search that names none of several indexes is refused, with their names",
                answer.status == 400 and "notes-2" in (answer.message() or ""),
                answer,
            )
            answer = server.get("/search", q="which stone", index="nowhere")
            report.check("an unknown index is 404", answer.status == 404 and answer.message(), answer)
        with serving(bare, report) as server:
            answer = server.get("/search", q="bees")
            report.check(
                "without an index a search is 404 no_index",
                answer.status == 404 and answer.json()["error"]["code"] == "no_index",
                answer,
            )
            answer = server.post("/v1/embeddings", {"model": server.get("/v1/models").json()["data"][0]["id"], "input": "bees"})
            report.check(
                "without an index texts are embedded",
                answer.status == 200 and len(answer.json()["data"][0]["embedding"]) == 384,
                answer,
            )
            report.equal("without an index /status lists none", server.get("/status").json()["indexes"], [])
