"""Clients of OpenAI that know nothing of this server: of Python, of JavaScript, LangChain, curl, and the program itself."""

import json
import subprocess

from . import programs
from .corpus import QUERIES
from .tool import sandbox, serving

KEY = "sk-of-the-tests"
TEXTS = [
    "Items can be returned within 30 days.",
    "Honey bees dance in winter.",
    "Ein Zug fährt durch die Nacht.",
    "x",
    "日本 🙂 ok",
]
LONG = "volcano " * 700
# Files without passages, whose sizes are estimated where the tokens are those of a service.
LINES = ["docs.txt", "feedback.txt", "shop.csv", "papers.jsonl"]


def check(chosen, report):
    with sandbox(chosen.embed) as box:
        box.run("index", *LINES, "--index", "plain")
        # Few may wait, so that a client sees a 429.
        with serving(box, report, "--index", ".embed", "--api-key", KEY, "--max-waiting", "8") as server:
            given = expectations(box, server)
            for part in (python, javascript):
                report.step(part, chosen, server, given, report)
            report.step(curl, server, given, report)
            report.step(with_key, box, server, report)
        with serving(box, report) as server:
            report.step(program, box, server, report)


def expectations(box, server):
    """What the clients are to find."""
    headers = {"Authorization": f"Bearer {KEY}"}
    rows = server.post("/tokenize", {"inputs": TEXTS}, headers).json()
    return {
        "texts": TEXTS,
        "vectors": box.vectors(TEXTS),
        "long": LONG,
        "model": server.get("/v1/models", headers).json()["data"][0]["id"],
        "tokens": [[token["id"] for token in row if not token["special"]] for row in rows],
        "count": sum(map(len, rows)),
    }


def python(chosen, server, given, report):
    if not chosen.clients:
        report.note("left out: clients of Python, without --clients")
        return
    for name, script in [("openai for Python", "openai_client.py"), ("LangChain", "langchain_client.py")]:
        programs.run(report, name, [chosen.clients, programs.FOLDER / script, server.url, KEY], given)


def javascript(chosen, server, given, report):
    if not chosen.node_modules or not chosen.node:
        report.note("left out: the client of JavaScript, without --node-modules or node")
        return
    script = programs.FOLDER / "openai_client.mjs"
    programs.run(report, "openai for JavaScript", [chosen.node, script, chosen.node_modules, server.url, KEY], given)


def curl(server, given, report):
    """The command lines that people type."""
    model = given["model"]

    def run(*arguments):
        command = ["curl", "--silent", "--max-time", "60", "--write-out", "\n%{http_code}", *arguments]
        process = subprocess.run(command, capture_output=True, text=True, timeout=90)
        body, _, status = process.stdout.rpartition("\n")
        return status, body

    try:
        bearer = ["--header", f"Authorization: Bearer {KEY}"]
        status, body = run(f"{server.url}/v1/embeddings", *bearer, "--json", json.dumps({"model": model, "input": TEXTS[0]}))
    except FileNotFoundError:
        report.note("left out: curl is not installed")
        return
    found = json.loads(body)["data"][0]["embedding"] if status == "200" else []
    apart = max((abs(a - b) for a, b in zip(found, given["vectors"][0])), default=1)
    report.check("curl: an embedding is a list of numbers", len(found) == 384 and apart <= 1e-6, (status, body[:200]))
    status, body = run("--get", f"{server.url}/search", *bearer, "--data-urlencode", "q=how do I return", "--data", "k=1")
    report.check("curl: a search is answered", status == "200" and "Return policy" in body, (status, body[:200]))
    status, body = run(f"{server.url}/v1/models", "--header", f"x-api-key: {KEY}")
    report.check("curl: x-api-key is a key, too", status == "200" and model in body, (status, body[:200]))
    status, body = run(f"{server.url}/v1/models")
    report.check("curl: without a key it is 401", status == "401" and "error" in body, (status, body[:200]))
    status, body = run(f"{server.url}/v1/embeddings", *bearer, "--data", json.dumps({"model": model, "input": "a"}))
    report.check("curl: JSON is read without its content type", status == "200" and '"embedding"' in body, (status, body[:200]))
    status, body = run(f"{server.url}/search", *bearer, "--json", json.dumps({"query": "bees", "k": 2}), "--compressed")
    report.check(
        "curl: it may ask for compression", status == "200" and len(json.loads(body)["results"]) == 2, (status, body[:200])
    )
    status, body = run("--head", f"{server.url}/health")
    report.check("curl: HEAD is answered", status == "200" and not body.partition("\r\n\r\n")[2].strip(), (status, body[:200]))


def program(box, server, report):
    """The program indexes and searches through its own server, as through any other service."""
    served = f"{server.url}/v1#bge-small-en-v1.5"
    run = box.run("index", *LINES, "--index", "served", "--model", served, check=False)
    if not report.check("embed: it indexes through the server", run.returncode == 0, run.stderr[-400:]):
        return
    compare(box, report, "served", "embed")


def compare(box, report, index, name, **variables):
    """Searches by meaning, in an index of the server's vectors and in a plain one."""
    for query in QUERIES:
        pair = []
        for folder, extra in ((index, variables), ("plain", {})):
            run = box.run("search", "--index", folder, "--by", "meaning", "-k", "10", "--jsonl", "--", query, check=False, **extra)
            pair.append([json.loads(line) for line in run.stdout.splitlines()] if run.returncode == 0 else run.stderr)
        ids = [[record["id"] for record in found] if isinstance(found, list) else found for found in pair]
        if report.check(f"{name}: {query!r} has the results of a plain index", ids[0] == ids[1] and len(ids[0]) == 10, ids):
            apart = max(abs(a["score"] - b["score"]) for a, b in zip(*pair))
            report.check(f"{name}: {query!r} has the scores of a plain index", apart <= 1e-6, apart)


def with_key(box, server, report):
    served = f"{server.url}/v1#bge-small-en-v1.5"
    run = box.run("index", *LINES, "--index", "keyed", "--model", served, check=False)
    report.check("embed: without the key it is refused", run.returncode == 2 and "EMBED_API_KEY" in run.stderr, run.stderr[-400:])
    variables = {"EMBED_API_KEY": KEY, "EMBED_API_URL": f"{server.url}/v1"}
    run = box.run("index", *LINES, "--index", "keyed", "--model", served, check=False, **variables)
    if report.check("embed: with the key it indexes", run.returncode == 0, run.stderr[-400:]):
        compare(box, report, "keyed", "embed with a key", **variables)
