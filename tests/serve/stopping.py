"""Clients that go away, and a server that is told to stop."""

import http.client
import os
import signal
import socket
import subprocess
import threading
import time

from . import raw
from .tool import Server

TEXT = "Measurements of sourdough bread in cold weather, with tables and error bars. " * 12
GRACE = 10
# Half a second of work for two cores.
TEXTS = 12


def left(server, report):
    """The work for a client that goes away is dropped."""
    body = b'{"input": [' + b", ".join(b'"%s"' % TEXT.encode() for _ in range(256)) + b"]}"
    post = raw.head("POST", "/v1/embeddings", "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    for _ in range(12):
        with raw.connect(server) as connection:
            connection.sendall(post)
            time.sleep(0.3)
    # What is under way may be finished: a piece of bounded size for each.
    begun, used = time.monotonic(), [server.cpu()]
    while time.monotonic() < begun + 30 and (len(used) < 2 or used[-1] - used[-2] > 0.05):
        time.sleep(0.5)
        used.append(server.cpu())
    rest = time.monotonic() - begun
    report.check("after clients that went away the processor rests", rest < 3, f"after {rest:.1f} s")
    report.note(f"after 12 clients with 600,000 tokens went away, {used[-1] - used[0]:.1f} s of processor time in {rest:.1f} s")
    begun = time.monotonic()
    answer = server.post("/v1/embeddings", {"input": "a"})
    report.check(
        "after clients that went away a text is embedded at once",
        answer.status == 200 and time.monotonic() - begun < 0.5,
        time.monotonic() - begun,
    )
    # Also those that close while the answer is written, or reset the connection.
    for number in range(50):
        connection = raw.connect(server)
        connection.sendall(raw.head("GET", "/search?q=bees&k=1000"))
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.recv(1)
        connection.close()
    report.check("after clients that closed early a search is answered", server.get("/search", q="bees").status == 200)


def check(box, report):
    for number in (signal.SIGTERM, signal.SIGINT):
        report.step(gracefully, box, report, number)
    report.step(in_time, box, report)
    report.step(unix_socket, box, report)


def start_request(server, texts, answers):
    def post():
        try:
            answers.append(server.post("/v1/embeddings", {"input": [TEXT] * texts}))
        except (OSError, http.client.HTTPException) as error:
            answers.append(error)

    thread = threading.Thread(target=post)
    thread.start()
    return thread


def gracefully(box, report, number):
    """What runs is finished; idle and silent connections are not waited for."""
    name = signal.Signals(number).name
    server = Server(box, "--index", ".embed")
    answers = []
    try:
        idle = [raw.connect(server) for _ in range(20)]
        kept = raw.connect(server)
        kept.sendall(raw.head("GET", "/health"))
        kept.recv(1000)
        threads = [start_request(server, TEXTS, answers) for _ in range(2)]
        time.sleep(0.2)
        running = not answers
        server.signal(number)
        time.sleep(0.2)
        refused = refuses(server)
        for thread in threads:
            thread.join(GRACE + 5)
        answered = time.monotonic()
        code = wait(server, GRACE + 5)
        took = time.monotonic() - answered
    finally:
        server.end()
    good = [answer for answer in answers if getattr(answer, "status", None) == 200 and len(answer.json()["data"]) == TEXTS]
    report.check(f"{name}: requests were running", running, len(answers))
    report.check(f"{name}: requests that run are finished", len(good) == 2, list(map(str, answers)))
    report.check(f"{name}: no connection is accepted any more", refused is True, refused)
    report.check(f"{name}: it ends with 0", code == 0, (code, server.output()[-300:]))
    report.check(f"{name}: idle connections are not waited for", took < 1, f"{took:.1f} s after the last answer")
    for connection in [*idle, kept]:
        connection.close()


def refuses(server):
    """True where a new connection is refused, or gets 503."""
    try:
        return True if server.ask("GET", "/status", timeout=5).status == 503 else "answered"
    except (OSError, http.client.HTTPException):
        return True


def wait(server, seconds):
    try:
        return server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def in_time(box, report):
    """A request that takes longer than --grace does not keep the server."""
    server = Server(box, "--grace", "1")
    answers = []
    try:
        threads = [start_request(server, 400, answers) for _ in range(3)]
        time.sleep(0.5)
        begun = time.monotonic()
        server.signal()
        code = wait(server, 20)
        took = time.monotonic() - begun
        for thread in threads:
            thread.join(10)
    finally:
        server.end()
    report.check("with --grace 1 it ends after a second", code is not None and took < 4, (code, f"{took:.1f} s"))
    report.check(
        "its clients are told, or cut off",
        len(answers) == 3 and all(getattr(answer, "status", 503) == 503 for answer in answers),
        list(map(str, answers)),
    )


def unix_socket(box, report):
    """--socket serves a path, for its owner alone, and leaves nothing behind."""
    path = box.folder / "socket"
    process = box.start("serve", "--socket", path, "--index", ".embed")
    try:
        end = time.monotonic() + 20
        while not path.exists() and time.monotonic() < end and process.poll() is None:
            time.sleep(0.3)
        if not report.check("--socket makes a socket", path.exists(), process.poll()):
            return
        # Whoever may write to a socket may connect to it.
        report.check("a socket is for its owner alone", os.stat(path).st_mode & 0o022 == 0, oct(os.stat(path).st_mode))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(path))
            connection.sendall(raw.head("GET", "/search?q=bees&k=1", "Connection: close", host="localhost"))
            received, _ = raw.read(connection, time.monotonic() + 10)
        answers = raw.parse(received)
        report.check("a socket is answered", answers and answers[0].status == 200, received[:300])
        process.terminate()
        code = process.wait(15)
        report.check("a server of a socket ends with 0", code == 0, code)
        report.check("a socket is removed at the end", not path.exists())
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    path.write_text("a file of the user")
    run = box.run("serve", "--socket", path, check=False, timeout=20)
    report.check(
        "a file in place of the socket is never replaced",
        run.returncode == 2 and path.read_text() == "a file of the user",
        run.stderr,
    )
