"""Clients that send nothing, half a request, or a byte a second; and more requests than may wait."""

import json
import selectors
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from . import raw
from .tool import serving

MANY = 1000
CONNECTIONS = 1024
HEAD_SECONDS, BODY_SECONDS = 10, 30
# How much later than its time a connection may be closed.
SLACK = 8
SEARCH_SECONDS = 2
TEXT = "Measurements of sourdough bread in cold weather, with tables and error bars. " * 12


class Slow:
    """A connection that sends a beginning, then a byte a second of the rest, and then nothing."""

    def __init__(self, server, beginning=b"", rest=b"", buffer=None):
        self.rest, self.received, self.closed = rest, b"", None
        self.connection = raw.connect(server)
        if buffer:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.begun = time.monotonic()
        self.push(beginning)
        self.connection.setblocking(False)

    def push(self, data):
        try:
            self.connection.sendall(data)
        except OSError:
            # It was closed; the next read says so.
            pass

    def tick(self):
        if self.rest and self.closed is None:
            self.push(self.rest[:1])
            self.rest = self.rest[1:]

    def take(self):
        """Reads what is there."""
        try:
            data = self.connection.recv(raw.CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.received += data
        if not data:
            self.closed = time.monotonic() - self.begun
            self.connection.close()

    def statuses(self):
        return tuple(answer.status for answer in raw.parse(self.received))


def watch(connections, seconds):
    """Reads from all connections, and sends their bytes, until all are closed or the time is over."""
    end, tick = time.monotonic() + seconds, time.monotonic() + 1
    with selectors.DefaultSelector() as selector:
        for slow in connections:
            selector.register(slow.connection, selectors.EVENT_READ, slow)
        while selector.get_map() and time.monotonic() < end:
            for key, _ in selector.select(max(0.0, min(tick, end) - time.monotonic())):
                key.data.take()
                if key.data.closed is not None:
                    selector.unregister(key.fileobj)
            if time.monotonic() >= tick:
                tick += 1
                for slow in connections:
                    slow.tick()
    for slow in connections:
        slow.connection.close()


def check(server, report):
    body = b'{"query": "bees", "k": 1}' + b" " * 1000
    declared = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    post = raw.head("POST", "/search", *declared)
    embeddings = raw.head("POST", "/v1/embeddings", *declared)
    accepted = "Accept: application/json, text/event-stream"
    agent = raw.head("POST", "/mcp", accepted, *declared)
    head = raw.head("GET", "/search?q=bees")
    waves = [
        {"send nothing": [(b"",)] * (MANY - 50), "send half a head": [(head[:30],)] * 50},
        {"send half a body": [(whose + body[:500],) for whose in (post, embeddings, agent, post)] * (MANY // 4)},
        {
            "send a byte of a head a second": [(b"", head)] * (MANY // 2),
            "send a byte of a body a second": [(post, body)] * (MANY // 2),
        },
    ]
    for wave in waves:
        report.step(together, server, report, wave)
    for part in (large_halves, never_read, crowd):
        report.step(part, server, report)


def together(server, report, wave):
    """A thousand slow clients, and a search beside them every half second."""
    slow = {name: [Slow(server, *parts) for parts in kinds] for name, kinds in wave.items()}
    slowest = max(seconds_of(name) for name in wave)
    everyone = [connection for connections in slow.values() for connection in connections]
    thread = threading.Thread(target=watch, args=(everyone, slowest + SLACK), daemon=True)
    thread.start()
    beside(server, report, f"{len(everyone)} who {' or '.join(wave)}", thread.is_alive, slowest + SLACK + 5)
    thread.join(slowest + 2 * SLACK)
    for name, connections in slow.items():
        seconds = seconds_of(name)
        closed = sorted((connection.closed for connection in connections), key=lambda at: at or 1e9)
        report.check(
            f"those who {name} are closed after {seconds} s",
            all(at and seconds - 2 <= at <= seconds + SLACK for at in closed),
            f"from {closed[0]} to {closed[-1]} s",
        )
        statuses = {connection.statuses() for connection in connections}
        # A head that never ends is no request yet: the connection may be closed without an answer.
        expected = {(408,)} if "body" in name else {(408,), ()}
        report.check(f"those who {name} get 408", statuses <= expected, statuses)


def seconds_of(name):
    return BODY_SECONDS if "body" in name else HEAD_SECONDS


def beside(server, report, whom, goes_on, seconds):
    """Searches while others keep the server busy."""
    times, others, end = [], [], time.monotonic() + seconds
    while goes_on() and time.monotonic() < end:
        begun = time.monotonic()
        answer = server.get("/search", q="dough that rests", k=3)
        times.append(time.monotonic() - begun)
        if answer.status != 200 or len(answer.json()["results"]) != 3:
            others.append(str(answer))
        time.sleep(0.5)
    report.check(f"every search beside {whom} is answered", not others, f"{len(others)} of {len(times)}: {others[:1]}")
    report.check(f"a search beside {whom} takes at most {SEARCH_SECONDS} s", max(times) < SEARCH_SECONDS, max(times))
    report.note(f"{len(times)} searches beside {whom}, the slowest {1000 * max(times):.0f} ms")


def large_halves(server, report):
    """Forty clients that send 4 of 8 MiB, and no more."""
    half = raw.head("POST", "/v1/embeddings", "Content-Type: application/json", f"Content-Length: {8 << 20}") + b" " * (4 << 20)
    with ThreadPoolExecutor(8) as pool:
        slow = list(pool.map(lambda _: Slow(server, half), range(40)))
    thread = threading.Thread(target=watch, args=(slow, 6), daemon=True)
    thread.start()
    beside(server, report, "40 who send half of 8 MiB", thread.is_alive, 10)
    thread.join(SLACK)
    statuses = {connection.statuses() for connection in slow}
    report.check("who sends half of 8 MiB waits, or is refused", statuses <= {(), (429,), (503,), (408,)}, statuses)


def never_read(server, report):
    """Clients that ask for 9 MB each, and read nothing of it."""
    body = json.dumps({"input": ["a"] * 2048, "encoding_format": "float"}).encode()
    post = raw.head("POST", "/v1/embeddings", "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    slow = [Slow(server, post, buffer=4096) for _ in range(24)]
    end = time.monotonic() + 15
    beside(server, report, "24 who read nothing of 9 MB", lambda: time.monotonic() < end, 20)
    for connection in slow:
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
