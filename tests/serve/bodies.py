"""Bodies and heads that are too large, cut short, or of another form."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import raw

GIGABYTE = 1 << 30
PIECE = b" " * raw.CHUNK
MEBIBYTE = 1 << 20
# Just below the limit of a body.
LARGE = 8 * MEBIBYTE - 1000
LOCAL = "Connection: close"
JSON = "Content-Type: application/json"
POSTS = ["/search", "/v1/embeddings", "/embed", "/similarity", "/tokenize", "/rerank", "/v1/rerank"]


def check(server, report):
    for part in (large, small_values, long_texts, malformed, inputs, heads, framing):
        report.step(part, server, report)


def large(server, report):
    """A body of a gigabyte is refused as soon as its length is known to exceed the limit."""
    for path in [*POSTS, "/mcp"]:
        declared = raw.head("POST", path, JSON, f"Content-Length: {GIGABYTE}", "Accept: application/json, text/event-stream")
        answer, sent = raw.flood(server, declared, (PIECE for _ in range(GIGABYTE // len(PIECE))))
        report.check(f"a declared gigabyte to {path} is 413", answer and answer.status == 413, answer)
        report.check(f"a declared gigabyte to {path} is not read", sent < 64 * MEBIBYTE, f"{sent} bytes")
        chunked = raw.head("POST", path, JSON, "Transfer-Encoding: chunked", "Accept: application/json, text/event-stream")
        chunk = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
        answer, sent = raw.flood(server, chunked, (chunk for _ in range(GIGABYTE // len(PIECE))))
        report.check(f"a gigabyte of chunks to {path} is 413", answer and answer.status == 413, answer)
        report.check(f"a gigabyte of chunks to {path} is read to the limit", sent < 64 * MEBIBYTE, f"{sent} bytes")
    answer, sent = raw.flood(
        server, raw.head("GET", "/search?q=bees", f"Content-Length: {GIGABYTE}"), (PIECE for _ in range(GIGABYTE // len(PIECE)))
    )
    report.check(
        "a gigabyte with GET is not read", answer and answer.status in (200, 400, 413) and sent < 64 * MEBIBYTE, (answer, sent)
    )
    answer = raw.one(server, raw.head("POST", "/search", JSON, f"Content-Length: {GIGABYTE}", "Expect: 100-continue"), timeout=10)
    report.check("with Expect: 100-continue it is 413 at once", answer and answer.status == 413, answer)
    body = json.dumps({"query": "bees", "plus": ["winter"] * 1000}) + " " * (9 * MEBIBYTE)
    try:
        run = subprocess.run(
            [
                "curl",
                "--silent",
                "--max-time",
                "30",
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                "--json",
                "@-",
                f"{server.url}/search",
            ],
            input=body,
            capture_output=True,
            text=True,
            timeout=60,
        )
        report.check("curl with 9 MiB gets 413", run.stdout == "413", (run.stdout, run.returncode))
    except FileNotFoundError:
        pass
    padded = b'{"query": "bees", "k": 1}' + b" " * (7 * MEBIBYTE)
    answer = server.ask("POST", "/search", padded, {"Content-Type": "application/json"})
    report.check("7 MiB are within the limit", answer.status == 200, answer)
    deep = b"[" * MEBIBYTE
    answer = server.ask("POST", "/search", deep, {"Content-Type": "application/json"})
    report.check("a million brackets are refused", answer.status in (400, 413) and answer.message(), answer)


def small_values(server, report):
    """Bodies of as many small values as fit: alone, and sixteen of a kind at once."""
    for path, start, value, end in [
        ("/v1/embeddings", '{"input": [', "[1]", "]}"),
        ("/v1/embeddings", '{"input": [', "1", "]}"),
        ("/v1/embeddings", '{"input": [', '"a"', "]}"),
        ("/v1/embeddings", '{"input": [', '{"":1}', "]}"),
        ("/embed", '{"inputs": [', "[1]", "]}"),
        ("/search", '{"query": [', '"a"', "]}"),
        ("/search", '{"query": "bees", "where": [', '"a"', "]}"),
        ("/search", '{"query": "bees", "x": [', "[]", "]}"),
        ("/similarity", '{"inputs": {"source_sentence": "a", "sentences": [', '"a"', "]}}"),
        ("/v1/rerank", '{"query": "a", "documents": [', '"a"', "]}"),
    ]:
        body = (start + ",".join([value] * (LARGE // (len(value) + 1))) + end).encode()
        name = f"8 MiB of {value} to {path}"
        answer = server.ask("POST", path, body, {"Content-Type": "application/json"})
        report.check(f"{name} is refused", answer.status in (400, 413, 422, 424) and answer.message(), answer)
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: status_of(server, path, body), range(16)))  # noqa: B023
        # Who is refused before the body was read may see the connection break.
        allowed = {400, 413, 422, 424, 429, None}
        report.check(f"16 x {name} are refused", set(statuses) <= allowed and any(statuses), statuses)


def long_texts(server, report):
    """Texts of several megabytes, eight of a kind at once."""
    for name, path, body in [
        ("one word of 4,000,000 letters", "/v1/embeddings", {"input": "a" * 4_000_000}),
        ("one word of 1,300,000 accents", "/v1/embeddings", {"input": "é" * 1_300_000}),
        ("a million words", "/v1/embeddings", {"input": "bees " * 1_000_000}),
        ("a million words to cut", "/embed", {"inputs": "bees " * 1_000_000, "truncate": True}),
        ("2,000 words of 3,000 letters", "/v1/embeddings", {"input": ["a" * 3000] * 2000}),
        ("a sentence of 4,000,000 letters", "/similarity", {"inputs": {"source_sentence": "a", "sentences": ["a" * 4_000_000]}}),
        ("130,000 words to tokenize", "/tokenize", {"inputs": "a " * 130_000}),
    ]:
        body = json.dumps(body).encode()
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: status_of(server, path, body), range(8)))  # noqa: B023
        report.check(
            f"8 x {name} are answered or refused", set(statuses) <= {200, 400, 413, 422, 429, None} and any(statuses), statuses
        )


def status_of(server, path, body):
    try:
        return server.ask("POST", path, body, {"Content-Type": "application/json"}).status
    except OSError:
        return None


def malformed(server, report):
    for path in POSTS:
        for body in (
            b"",
            b"{",
            b"{}}",
            b"nonsense",
            b'{"query": }',
            b"\xff\xfe",
            b'{"a": "\\ud800"}',
            b"null",
            b"5",
            b"[]",
            b'{"query": "a", "query": "b", "input": 1e999}',
        ):
            answer = server.ask("POST", path, body, {"Content-Type": "application/json"})
            report.check(f"{path} refuses {body!r}", answer.status in (400, 422) and answer.message(), answer)
            report.check(
                f"{path} refuses {body!r} in JSON", answer.headers.get("content-type", "").startswith("application/json"), answer
            )
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = server.ask("POST", path, b"{}", {"Content-Type": kind})
            report.check(f"{path} as {kind} is read as JSON", answer.status in (400, 422) and answer.message(), answer)
    answer = server.ask("POST", "/search", b'{"query": "bees"}', {"Content-Type": "application/json; charset=utf-8"})
    report.check("a charset is accepted", answer.status == 200, answer)
    for field, values in {
        "input": [5, 1.5, True, {}, [{}], [[]], [["a"]], [1, "a"], [[1], "a"], [-1], [1.5], [[1e20]], None],
        "encoding_format": [5, "hex", ["float"], {}],
        "dimensions": ["64", 0, -1, 385, 1.5, [], 1e300],
        "model": [5, [], {}],
    }.items():
        for value in values:
            answer = server.post("/v1/embeddings", {"input": "a"} | {field: value})
            report.check(f"/v1/embeddings refuses {field} {value!r}", answer.status == 400 and answer.message(), answer)
            if answer.status == 400:
                error = answer.json()["error"]
                report.check(
                    f"/v1/embeddings refuses {field} {value!r} in OpenAI's shape",
                    error.get("type") == "invalid_request_error" and {"code", "param"} <= set(error),
                    error,
                )


def inputs(server, report):
    """Too many inputs, and too many tokens."""
    many = ["a"] * 10_000
    for path, body in [
        ("/v1/embeddings", {"input": many}),
        ("/v1/embeddings", {"input": [[100]] * 10_000}),
        ("/embed", {"inputs": many}),
        ("/tokenize", {"inputs": many}),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": many}}),
    ]:
        answer = server.post(path, body)
        report.check(f"10,000 inputs to {path} are 413", answer.status == 413 and answer.message(), answer)
    answer = server.post("/search", {"query": many})
    report.check("10,000 queries are refused", answer.status in (400, 413) and answer.message(), answer)
    # 2,000 x 202 tokens.
    answer = server.post("/v1/embeddings", {"input": ["bees " * 200] * 2000})
    report.check("404,000 tokens are 413", answer.status == 413 and answer.message(), answer)
    answer = server.post("/embed", {"inputs": ["bees " * 200] * 2000})
    report.check("404,000 tokens to /embed are 413", answer.status == 413 and answer.message(), answer)
    # One word of four million letters.
    answer = server.post("/v1/embeddings", {"input": "a" * 4_000_000})
    report.check("a text of four million letters is answered or refused", answer.status in (200, 400, 413), answer)
    answer = server.post("/v1/embeddings", {"input": "bees " * 1_000_000})
    report.check("a text of a million words is refused", answer.status in (400, 413) and answer.message(), answer)
    for name, body in [
        ("a query of a million words", {"query": "bees " * 1_000_000}),
        ("a query of four million letters", {"query": "a" * 4_000_000}),
        ("100,000 filters", {"query": "bees", "where": ["year > 1"] * 100_000}),
        ("100,000 texts to add", {"query": "bees", "plus": ["winter"] * 100_000}),
        ("100,000 reference documents", {"query": "bees", "like": ["docs.txt:1"] * 100_000}),
        ("a filter of a megabyte", {"query": "bees", "where": [f'year = "{"a" * MEBIBYTE}"']}),
        ("a filter of 100,000 brackets", {"query": "bees", "where": ["(" * 100_000]}),
        ("a glob of a megabyte", {"query": "bees", "glob": ["*a" * (MEBIBYTE // 2)]}),
        ("20,000 globs", {"query": "bees", "glob": [f"*{number}*" for number in range(20_000)]}),
        ("a phrase of 100,000 words", {"query": '"' + "bees " * 100_000 + '"'}),
    ]:
        answer = server.post("/search", body, timeout=60)
        report.check(f"{name} is refused", answer.status in (400, 413) and answer.message(), answer)


def heads(server, report):
    refused = (400, 413, 414, 431)
    for name, data in [
        ("a header of a megabyte", raw.head("GET", "/status", f"X-Bomb: {'a' * MEBIBYTE}", LOCAL)),
        ("10,000 headers", raw.head("GET", "/status", *(f"X-{number}: a" for number in range(10_000)), LOCAL)),
        ("a target of a megabyte", raw.head("GET", f"/search?q={'a' * MEBIBYTE}", LOCAL)),
        ("a method of a megabyte", raw.head("G" * MEBIBYTE, "/status", LOCAL)),
        ("16 MiB without a line", b"a" * (16 * MEBIBYTE)),
        ("a header without a colon", raw.head("GET", "/status", "nonsense", LOCAL)),
        ("a header with NUL", raw.head("GET", "/status", "X-A: a\0b", LOCAL)),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n"),
        ("an unknown version", raw.head("GET", "/status", LOCAL, version="HTTP/9.9")),
    ]:
        answers, closed = raw.send(server, data, timeout=20)
        # Bytes that are no request need no answer.
        report.check(
            f"{name} is refused", closed and all(answer.status in refused for answer in answers), (closed, *map(str, answers))
        )
    query = "bees " * 1000
    answer = server.get("/search", q=query)
    report.check("a query of 5,000 bytes in a target is answered, or refused", answer.status in (200, 400, 414), answer)


def framing(server, report):
    answers, closed = raw.send(server, raw.head("GET", "/status", version="HTTP/1.0"), timeout=10)
    report.check(
        "HTTP/1.0 is answered, and closed", closed and len(answers) == 1 and answers[0].status == 200, (closed, *map(str, answers))
    )
    answers, closed = raw.send(server, raw.head("GET", "/health", host=None, version="HTTP/1.0"), timeout=10)
    report.check(
        "HTTP/1.0 without Host is answered or refused, and closed",
        closed and len(answers) == 1 and answers[0].status in (200, 400, 403),
        (closed, *map(str, answers)),
    )
    body = b'{"query": "bees", "k": 1}'
    post = raw.head("POST", "/search", JSON, f"Content-Length: {len(body)}") + body
    pipelined = raw.head("GET", "/search?q=bees&k=2") + post + raw.head("GET", "/nosuch") + raw.head("GET", "/health", LOCAL)
    answers, closed = raw.send(server, pipelined, timeout=20)
    report.equal("pipelined requests are answered in order", [answer.status for answer in answers], [200, 200, 404, 200])
    report.check(
        "each with its own answer",
        len(answers) == 4 and [len(answer.json()["results"]) for answer in answers[:2]] == [2, 1] and closed,
        list(map(str, answers)),
    )
    many = raw.head("GET", "/health") * 500 + raw.head("GET", "/health", LOCAL)
    answers, _ = raw.send(server, many, timeout=30)
    report.check(
        "501 pipelined requests are answered", len(answers) == 501 and all(answer.status == 200 for answer in answers), len(answers)
    )
    smuggled = raw.head("GET", "/smuggled")
    for name, lines in [
        ("two lengths", ("Content-Length: 0", f"Content-Length: {len(smuggled)}")),
        ("a negative length", ("Content-Length: -1",)),
        ("a length that is no number", ("Content-Length: ten",)),
        ("an unknown transfer coding", ("Transfer-Encoding: zip",)),
        ("a length and chunks", (f"Content-Length: {len(smuggled)}", "Transfer-Encoding: chunked")),
        ("a signed length", (f"Content-Length: +{len(smuggled)}",)),
    ]:
        answers, closed = raw.send(server, raw.head("POST", "/search", JSON, *lines) + smuggled, timeout=5)
        report.check(
            f"{name} is refused, and closed",
            closed and len(answers) == 1 and answers[0].status in (400, 411, 501),
            (closed, *map(str, answers)),
        )
    for chunks in (b"zz\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n"):
        answers, closed = raw.send(server, raw.head("POST", "/search", JSON, "Transfer-Encoding: chunked") + chunks, timeout=5)
        report.check(
            f"chunks of {chunks!r} are refused, and closed",
            closed and all(answer.status == 400 for answer in answers),
            (closed, *map(str, answers)),
        )
    pieces = [body[:8], body[8:13], body[13:]]
    chunked = b"".join(b"%x;name=value\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Trailer: a\r\n\r\n"
    answers, _ = raw.send(server, raw.head("POST", "/search", JSON, "Transfer-Encoding: chunked", LOCAL) + chunked, timeout=10)
    report.check("a chunked body is read", len(answers) == 1 and answers[0].status == 200, list(map(str, answers)))
