"""Mixed load with a re-index every minute: no error, memory that stays flat, and every answer from one generation.

Each re-index writes the word of its generation into every document, so an answer with two words has mixed generations.
"""

import http.client
import json
import random
import re
import threading
import time

from .tool import Server, Watch, ask, sandbox

SOURCE, DOCUMENTS = "notes.jsonl", 200
TOPICS = ["bread", "roses", "bicycles", "sailing", "volcanoes", "chess", "violins", "glaciers", "bees", "engines"]
MARKER = re.compile(r"generation(\d+)x")
# Memory may settle in the first quarter; after that it may grow by the larger of the two.
MOST_GROWTH, MOST_GROWTH_MIB = 0.10, 20
MOST_WAIT = 10


class Load:
    """Requests of one kind, one after the other, until the end."""

    def __init__(self, mixed, name, request):
        self.mixed, self.name, self.request = mixed, name, request
        self.count, self.times, self.errors, self.pause = 0, [], [], 0.002
        self.random = random.Random(name)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.mixed.server.port, timeout=60)
        while time.monotonic() < self.mixed.end and len(self.errors) < 20:
            begun = time.monotonic()
            committed = self.mixed.committed
            try:
                answer = self.request(self, connection)
                self.times.append(time.monotonic() - begun)
                if answer.status != 200:
                    self.errors.append(str(answer))
                else:
                    self.judge(answer, committed)
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                connection.close()
            self.count += 1
            time.sleep(self.pause)
        connection.close()

    def judge(self, answer, committed):
        """An answer has one generation, which is none that was replaced before the request."""
        found = {int(number) for number in MARKER.findall(answer.body.decode())}
        if len(found) > 1:
            self.errors.append(f"generations {sorted(found)} in one answer")
        elif found and max(found) < committed:
            self.errors.append(f"generation {found} after {committed} was committed")
        elif not found and self.name.startswith(("search", "document", "mcp search")):
            self.errors.append(f"no generation in {answer}")


class Mixed:
    def __init__(self, box, server, seconds):
        self.box, self.server = box, server
        self.end = time.monotonic() + seconds
        self.pause = min(60, seconds / 4)
        self.committed, self.written = 0, 0
        self.failures = []

    def reindex(self):
        """Writes the next generation and indexes it; every third time the index is built anew."""
        self.written += 1
        write(self.box.folder, self.written)
        run = self.box.run("index", *(["--rebuild"] if self.written % 3 == 0 else []), SOURCE, check=False)
        if run.returncode:
            self.failures.append(run.stderr)
        self.committed = self.written

    def keep_indexing(self):
        while time.monotonic() + self.pause < self.end:
            time.sleep(self.pause)
            self.reindex()


def write(folder, generation):
    """One source, which is replaced in one transaction."""
    lines = (
        json.dumps(
            {
                "text": f"What is new about {TOPICS[number % len(TOPICS)]} in generation{generation}x, note {number}.",
                "number": number,
            }
        )
        + "\n"
        for number in range(DOCUMENTS)
    )
    (folder / SOURCE).write_text("".join(lines))


def search(load, connection):
    topic = load.random.choice(TOPICS)
    return ask(connection, "GET", f"/search?q=what+is+new+about+{topic}&k=50&by={load.random.choice(['both', 'meaning', 'words'])}")


def searches(load, connection):
    queries = load.random.sample(TOPICS, 4)
    return ask(connection, "POST", "/search", {"query": queries, "k": 20, "group": load.random.choice(["document", "passage"])})


def document(load, connection):
    return ask(connection, "GET", f"/documents/{SOURCE}:{load.random.randint(1, DOCUMENTS)}")


def embeddings(load, connection):
    texts = [f"a text about {load.random.choice(TOPICS)} {load.random.random()}" for _ in range(load.random.choice([1, 1, 1, 16]))]
    return ask(connection, "POST", "/v1/embeddings", {"input": texts, "encoding_format": load.random.choice(["float", "base64"])})


def tei(load, connection):
    topic = load.random.choice(TOPICS)
    return ask(
        connection,
        "POST",
        *load.random.choice(
            [
                ("/embed", {"inputs": [topic, "night train"]}),
                ("/tokenize", {"inputs": topic}),
                ("/similarity", {"inputs": {"source_sentence": topic, "sentences": TOPICS[:3]}}),
            ]
        ),
    )


def agent(load, connection):
    call = {
        "jsonrpc": "2.0",
        "id": load.count,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": load.random.choice(TOPICS), "k": 10}},
    }
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
    if not hasattr(load, "session"):
        hello = {
            "jsonrpc": "2.0",
            "id": 0,
            "method": "initialize",
            "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}},
        }
        answer = ask(connection, "POST", "/mcp", hello, headers)
        load.session = {"Mcp-Session-Id": answer.headers["mcp-session-id"]} if answer.headers["mcp-session-id"] else {}
        ask(connection, "POST", "/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, headers | load.session)
    answer = ask(connection, "POST", "/mcp", call, headers | load.session)
    if b'"isError":true' in answer.body or b'"error":{' in answer.body:
        answer.status = 500
    return answer


def status(load, connection):
    load.pause = 0.5
    return ask(connection, "GET", load.random.choice(["/status", "/metrics", "/health", "/v1/models"]))


LOADS = {
    "search": search,
    "search of many queries": searches,
    "document": document,
    "embeddings": embeddings,
    "TEI": tei,
    "mcp search": agent,
    "status": status,
}


def check(chosen, report):
    seconds = 60 * chosen.minutes
    with sandbox(chosen.embed, indexed=False) as box:
        write(box.folder, 0)
        box.run("index", SOURCE)
        server = Server(box, "--index", ".embed")
        try:
            with Watch(server, pause=max(0.1, seconds / 2000)) as watch:
                mixed = Mixed(box, server, seconds)
                loads = [Load(mixed, name, request) for name, request in LOADS.items()]
                indexing = threading.Thread(target=mixed.keep_indexing, daemon=True)
                for thread in [*(load.thread for load in loads), indexing]:
                    thread.start()
                for thread in [*(load.thread for load in loads), indexing]:
                    thread.join(seconds + 120)
        finally:
            code = server.end()
        judge(report, mixed, loads, watch, seconds)
        report.check(
            "the server ends with 0, without a panic",
            code == 0 and "panicked" not in server.output(),
            (code, server.output()[-400:]),
        )


def judge(report, mixed, loads, watch, seconds):
    for load in loads:
        report.check(f"{load.name}: no error", not load.errors, f"{len(load.errors)} of {load.count}: {load.errors[:2]}")
        report.check(f"{load.name}: requests were answered", len(load.times) > seconds / 4, len(load.times))
        ordered = sorted(load.times) or [0]
        at = [1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99)]
        report.note(
            f"{load.name}: {load.count} requests, p50 {at[0]:.1f} ms, p99 {at[1]:.1f} ms, the slowest {1000 * ordered[-1]:.0f} ms"
        )
        report.check(f"{load.name}: none takes {MOST_WAIT} s", ordered[-1] < MOST_WAIT, ordered[-1])
    report.check(
        "it was indexed again, without an error", mixed.committed >= 2 and not mixed.failures, (mixed.committed, mixed.failures[:1])
    )
    quarters = [
        [sample[1] for sample in watch.samples if quarter <= sample[0] / (seconds / 4) < quarter + 1] for quarter in range(4)
    ]
    most = [max(quarter, default=0.0) for quarter in quarters]
    report.note(
        f"{mixed.committed} generations; the most memory of its own in each quarter: {', '.join(f'{value:.0f}' for value in most)} MiB"
    )
    allowed = most[1] + max(MOST_GROWTH_MIB, MOST_GROWTH * most[1])
    report.check("memory stays flat", 0 < most[3] <= allowed, most)
