"""Clients that send nothing, half a request, or a byte a second; and more requests than may wait."""

import threading
import time

from . import raw
from .tool import serving

SILENT = 1000
CONNECTIONS = 1024
HEAD_SECONDS, BODY_SECONDS = 10, 30
# How much later than its time a connection may be closed.
SLACK = 8
SEARCH_SECONDS = 2
TEXT = "Measurements of sourdough bread in cold weather, with tables and error bars. " * 12


class Slow:
    """A connection that sends a beginning, then a byte a second of the rest, until it is closed."""

    def __init__(self, server, beginning, rest=b""):
        self.beginning, self.rest = beginning, rest
        self.connection = raw.connect(server)
        self.begun = time.monotonic()
        self.received, self.closed = b"", None

    def run(self, end):
        try:
            self.connection.sendall(self.beginning)
        except OSError:
            pass
        while self.closed is None and time.monotonic() < end:
            received, closed = raw.read(self.connection, min(end, time.monotonic() + 1))
            self.received += received
            if closed:
                self.closed = time.monotonic() - self.begun
            elif self.rest:
                try:
                    self.connection.send(self.rest[:1])
                except OSError:
                    pass
                self.rest = self.rest[1:]
        self.connection.close()

    def statuses(self):
        return [answer.status for answer in raw.parse(self.received)]


def check(server, report):
    report.step(together, server, report)
    report.step(crowd, server, report)


def together(server, report):
    """All of them at once, and a search beside them every half second."""
    body = b'{"query": "bees", "k": 1}' + b" " * 1000
    post = raw.head("POST", "/search", "Content-Type: application/json", f"Content-Length: {len(body)}")
    embeddings = raw.head("POST", "/v1/embeddings", "Content-Type: application/json", "Content-Length: 100000")
    kinds = {
        "sends nothing": (Slow(server, b"") for _ in range(SILENT - 60)),
        "sends half a head": (Slow(server, b"GET /search?q=bees HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ") for _ in range(20)),
        "sends a byte of a head a second": (Slow(server, b"GET /sea", raw.head("GET", "/search?q=bees")[8:]) for _ in range(10)),
        "sends half a body": (Slow(server, post + body[:20]) for _ in range(20)),
        "sends a byte of a body a second": (Slow(server, post, body) for _ in range(5)),
        "declares a body and sends none": (Slow(server, embeddings) for _ in range(5)),
    }
    slow = {name: list(connections) for name, connections in kinds.items()}
    end = time.monotonic() + BODY_SECONDS + SLACK + 4
    # Silent connections need no threads: they are read at the end.
    busy = [connection for name, connections in slow.items() for connection in connections if name != "sends nothing"]
    threads = [threading.Thread(target=connection.run, args=(end,), daemon=True) for connection in busy]
    watcher = threading.Thread(target=silent, args=(slow["sends nothing"], end), daemon=True)
    for thread in [*threads, watcher]:
        thread.start()
    times = []
    while any(thread.is_alive() for thread in threads) and time.monotonic() < end + 5:
        begun = time.monotonic()
        answer = server.get("/search", q="dough that rests", k=3)
        times.append(time.monotonic() - begun)
        if not report.check(
            "a search beside slow clients is answered", answer.status == 200 and len(answer.json()["results"]) == 3, answer
        ):
            break
        time.sleep(0.5)
    for thread in [*threads, watcher]:
        thread.join(max(0.1, end + 10 - time.monotonic()))
    report.check(f"a search beside {SILENT} slow clients takes at most {SEARCH_SECONDS} s", max(times) < SEARCH_SECONDS, max(times))
    report.note(f"{len(times)} searches beside {SILENT} slow clients, the slowest {1000 * max(times):.0f} ms")
    for name, connections in slow.items():
        head = "body" not in name
        seconds = HEAD_SECONDS if head else BODY_SECONDS
        closed = [connection.closed for connection in connections]
        report.check(
            f"who {name} is closed after {seconds} s",
            all(at and seconds - 2 <= at <= seconds + SLACK for at in closed),
            sorted(set(closed), key=str)[:5],
        )
        statuses = {tuple(connection.statuses()) for connection in connections}
        # A head that never ends is no request yet: the connection may be closed without an answer.
        report.check(f"who {name} gets 408", statuses <= ({(408,), ()} if head else {(408,)}), statuses)


def silent(connections, end):
    """Waits until silent connections are closed, one after the other."""
    for connection in connections:
        received, closed = raw.read(connection.connection, end)
        connection.received = received
        connection.closed = time.monotonic() - connection.begun if closed else None
        connection.connection.close()


def crowd(server, report):
    """More silent connections than there may be: a search gets its turn when they are closed."""
    connections = []
    try:
        for _ in range(CONNECTIONS + 200):
            connections.append(raw.connect(server, timeout=5))
    except OSError as error:
        report.note(f"{len(connections)} connections were taken: {error}")
    begun = time.monotonic()
    try:
        answer = server.get("/search", q="bees", k=1)
        holds = answer.status in (200, 503)
    except OSError as error:
        answer, holds = error, False
    took = time.monotonic() - begun
    report.check(
        f"beside {len(connections)} connections a search is answered, at last",
        holds and took < HEAD_SECONDS + SLACK,
        (took, str(answer)),
    )
    report.note(f"beside {len(connections)} silent connections a search took {took:.1f} s")
    for connection in connections:
        connection.close()
    time.sleep(0.5)
    begun = time.monotonic()
    answer = server.get("/search", q="bees", k=1)
    report.check(
        "after them a search is answered at once",
        answer.status == 200 and time.monotonic() - begun < 1,
        (time.monotonic() - begun, str(answer)),
    )


def waiting(box, report):
    """At most so many requests wait; the others are 429 with Retry-After, and a search is still answered."""
    with serving(box, report, "--index", ".embed", "--max-waiting", "4") as server:
        body = {"input": [TEXT] * 48}
        answers = []

        def post():
            answers.append(server.post("/v1/embeddings", body))

        threads = [threading.Thread(target=post) for _ in range(24)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        begun = time.monotonic()
        beside = server.get("/search", q="bees", by="words", k=1)
        took = time.monotonic() - begun
        for thread in threads:
            thread.join(120)
        statuses = sorted(answer.status for answer in answers)
        report.check(
            "of 24 requests some are answered, and the others are 429", len(answers) == 24 and set(statuses) == {200, 429}, statuses
        )
        limited = [answer for answer in answers if answer.status == 429]
        report.check(
            "429 has Retry-After and a message",
            all(answer.headers.get("retry-after", "").isdigit() and answer.message() for answer in limited),
            list(map(str, limited[:2])),
        )
        report.check(
            "a search by words beside them is answered or limited",
            beside.status in (200, 429) and took < SEARCH_SECONDS,
            (took, str(beside)),
        )
        answer = server.get("/search", q="bees", k=1)
        report.check("after them a search is answered", answer.status == 200, answer)
    with serving(box, report, "--timeout", "1") as server:
        begun = time.monotonic()
        answer = server.post("/v1/embeddings", {"input": [TEXT] * 256})
        took = time.monotonic() - begun
        report.check(
            "an answer that takes too long is an error with a message",
            answer.status in (408, 503, 504) and answer.message(),
            answer,
        )
        report.check("it comes after the time for an answer", 0.8 <= took < 4, took)
        begun = time.monotonic()
        answer = server.post("/v1/embeddings", {"input": "a"})
        report.check(
            "after it a short text is answered at once",
            answer.status == 200 and time.monotonic() - begun < 1,
            (time.monotonic() - begun, str(answer)),
        )
    with serving(box, report, "--max-body", "1000", "--max-request-tokens", "50") as server:
        answer = server.post("/v1/embeddings", {"input": "a" * 2000})
        report.check("--max-body sets the limit", answer.status == 413 and answer.message(), answer)
        answer = server.post("/v1/embeddings", {"input": ["one two three four five"] * 10})
        report.check("--max-request-tokens sets the limit", answer.status == 413 and answer.message(), answer)
        answer = server.post("/v1/embeddings", {"input": "one two three"})
        report.check("below both it is answered", answer.status == 200, answer)
