"""Who may ask: Host, Origin, keys, and paths that look for files."""

from . import raw
from .tool import serving

KEY = "sk-of-the-tests"
LOCAL = "Connection: close"


def check(server, report):
    for part in (hosts, origins_without_cors, paths, methods):
        report.step(part, server, report)


def hosts(server, report):
    port = server.port
    for host in (f"127.0.0.1:{port}", "127.0.0.1", f"localhost:{port}", "localhost", "LOCALHOST", f"[::1]:{port}", "127.0.0.2"):
        answer = raw.one(server, raw.head("GET", "/status", LOCAL, host=host))
        report.check(f"Host {host} is answered", answer and answer.status == 200, answer)
    for host in (
        "evil.example",
        f"evil.example:{port}",
        f"127.0.0.1.evil.example:{port}",
        f"localhost.evil.example:{port}",
        "10.0.0.1",
        "localhost@evil.example",
        "0x7f000001.evil.example",
        "[::2]",
        "evil.example#localhost",
        "xlocalhost",
    ):
        for path in ("/status", "/search?q=bees", "/", "/v1/models", "/mcp"):
            answer = raw.one(server, raw.head("GET", path, LOCAL, host=host))
            report.check(f"Host {host} for {path} is refused", answer and answer.status in (400, 403), answer)
    answer = raw.one(server, raw.head("GET", "/status", LOCAL, host="evil.example"))
    report.check("a foreign Host is 403 with a message", answer and answer.status == 403 and answer.message(), answer)
    for name, data in [
        ("no Host", raw.head("GET", "/status", LOCAL, host=None)),
        ("two hosts", raw.head("GET", "/status", "Host: evil.example", LOCAL)),
        ("an empty Host", raw.head("GET", "/status", LOCAL, host="")),
        ("another host in the target", raw.head("GET", "http://evil.example/status", LOCAL)),
    ]:
        answer = raw.one(server, data)
        report.check(f"{name} is refused", answer and answer.status in (400, 403), answer)
    answer = raw.one(server, raw.head("GET", "/health", LOCAL))
    report.check("/health is answered", answer and answer.status == 200, answer)


def origins_without_cors(server, report):
    for origin in (
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        "http://localhost.evil.example",
        f"http://127.0.0.1:{server.port}.evil.example",
        "file://",
        "chrome-extension://abc",
    ):
        for method, path, body in (
            ("GET", "/status", None),
            ("POST", "/search", {"query": "bees"}),
            ("POST", "/v1/embeddings", {"input": "a"}),
        ):
            answer = server.ask(method, path, body, {"Origin": origin})
            report.check(f"Origin {origin} for {path} is 403", answer.status == 403 and answer.message(), answer)
            report.check(
                f"Origin {origin} for {path} gets no CORS header",
                "access-control-allow-origin" not in answer.headers,
                answer.headers.items(),
            )
    for origin, host in ((server.url, f"127.0.0.1:{server.port}"), (f"http://localhost:{server.port}", f"localhost:{server.port}")):
        answer = server.ask("GET", "/status", headers={"Origin": origin, "Host": host})
        report.check(f"its own Origin {origin} is answered", answer.status == 200, answer)
    for path, site, status in (
        ("/search?q=bees", "cross-site", 403),
        ("/search?q=bees", "same-site", 403),
        ("/search?q=bees", "same-origin", 200),
        ("/search?q=bees", "none", 200),
        ("/", "cross-site", 200),
    ):
        answer = server.ask("GET", path, headers={"Sec-Fetch-Site": site})
        report.check(f"{path} with Sec-Fetch-Site {site} is {status}", answer.status == status, answer)
        policy = answer.headers.get("cross-origin-resource-policy")
        report.check(f"{path} with Sec-Fetch-Site {site} is for this site alone", policy == "same-origin", policy)
    preflight = server.ask("OPTIONS", "/search", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
    report.check(
        "a foreign preflight is refused",
        preflight.status >= 400 and "access-control-allow-origin" not in preflight.headers,
        preflight,
    )
    # A page may send this without a preflight; its Origin gives it away.
    for origin, status in ((None, 200), ("http://evil.example", 403), ("null", 403)):
        headers = {"Content-Type": "text/plain"} | ({"Origin": origin} if origin else {})
        answer = server.ask("POST", "/search", b'{"query": "bees"}', headers)
        report.check(f"JSON as text/plain from {origin} is {status}", answer.status == status, answer)


def paths(server, report):
    """No path of a request opens a file."""
    for path in (
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/etc/passwd",
        "/documents/..%2f..%2f..%2fetc%2fpasswd",
        "/documents/%2fetc%2fpasswd",
        "/documents/../../etc/passwd",
        "/documents/docs.txt",
        "/page.css/../../etc/passwd",
        "/page.css%00.txt",
        "/.embed/index.db",
        "/documents/file:%2f%2f%2fetc%2fpasswd",
        "/static/../Cargo.toml",
        "/documents/",
        "/documents/%ff%fe",
        "/documents/%",
        "/documents/..",
        "/?index=../..",
        "/search?q=a&index=../..%2f",
        "/search?q=a&index=%2fetc",
    ):
        answer = raw.one(server, raw.head("GET", path, LOCAL))
        # The folder of an index is no folder of files: only the page is served at `/`.
        expected = (200,) if path.startswith("/?") else (200, 400, 404) if path == "/documents/docs.txt" else (301, 308, 400, 404)
        report.check(f"{path} opens no file", answer and answer.status in expected and b"root:" not in answer.body, answer)
    for place in ("/etc/passwd", "file:///etc/passwd"):
        for body in (
            {"query": "bees", "index": place},
            {"query": "bees", "like": [place]},
            {"query": "bees", "rerank": place},
            {"query": "bees", "model": place},
        ):
            answer = server.post("/search", body)
            report.check(f"/search with {body} opens no file", answer.status in (400, 404) and b"root:" not in answer.body, answer)
    answer = server.post("/v1/embeddings", {"model": "/etc/passwd", "input": "a"})
    report.check("a model that is a path is unknown", answer.status == 404, answer)


def methods(server, report):
    for method, path in (
        ("GET", "/v1/embeddings"),
        ("DELETE", "/search"),
        ("POST", "/status"),
        ("PUT", "/documents/docs.txt:1"),
        ("TRACE", "/status"),
        ("GET", "/embed"),
    ):
        answer = server.ask(method, path)
        report.check(
            f"{method} {path} is 405, and Allow has others",
            answer.status == 405 and answer.headers.get("allow") and method not in answer.headers["allow"].split(", "),
            f"{answer} {answer.headers.items()}",
        )
    answer = server.get("/nosuch")
    report.check("an unknown path is 404 with a message", answer.status == 404 and answer.message(), answer)
    answer = server.ask("BREW", "/search?q=a")
    report.check("an unknown method is refused", answer.status in (400, 405, 501), answer)
    for path in ("/", "/page.css", "/page.js"):
        answer = server.get(path)
        policy = answer.headers.get("content-security-policy", "")
        report.check(f"{path} is served", answer.status == 200 and len(answer.body) > 100, answer)
        report.check(
            f"{path} is never taken for another type",
            answer.headers.get("x-content-type-options") == "nosniff",
            answer.headers.items(),
        )
        if path == "/":
            report.check("the page has a strict policy", "default-src 'none'" in policy and "unsafe" not in policy, policy)


def keys(box, report):
    (box.folder / "key").write_text(KEY + "\n")
    with serving(box, report, "--index", ".embed", "--api-key-file", "key") as server:
        for name, headers in [
            ("no key", {}),
            ("a wrong key", {"Authorization": "Bearer sk-wrong"}),
            ("the start of the key", {"Authorization": f"Bearer {KEY[:-1]}"}),
            ("more than the key", {"Authorization": f"Bearer {KEY}x"}),
            ("an empty key", {"Authorization": "Bearer "}),
            ("another scheme", {"Authorization": f"Basic {KEY}"}),
            ("the key alone", {"Authorization": KEY}),
            ("a wrong x-api-key", {"x-api-key": "sk-wrong"}),
            ("a key that is no ASCII", {"x-api-key": "\xff\xfe"}),
        ]:
            for method, path, body in [
                ("GET", "/search?q=bees", None),
                ("GET", "/status", None),
                ("GET", "/metrics", None),
                ("GET", "/documents/docs.txt:1", None),
                ("GET", "/v1/models", None),
                ("POST", "/v1/embeddings", {"input": "a"}),
                ("POST", "/embed", {"inputs": "a"}),
                ("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "ping"}),
                ("GET", "/nosuch", None),
                ("GET", "/info", None),
            ]:
                answer = server.ask(method, path, body, headers)
                report.check(
                    f"{name} for {path} is 401",
                    answer.status == 401 and answer.message() and KEY not in answer.body.decode(),
                    answer,
                )
        answer = server.get("/status")
        report.check("401 says how to authenticate", "Bearer" in answer.headers.get("www-authenticate", ""), answer.headers.items())
        for name, headers in [
            ("Bearer", {"Authorization": f"Bearer {KEY}"}),
            ("bearer", {"Authorization": f"bearer {KEY}"}),
            ("x-api-key", {"x-api-key": KEY}),
        ]:
            answer = server.get("/status", headers)
            report.check(f"the key as {name} is answered", answer.status == 200, answer)
        report.check("/health needs no key", server.get("/health").status == 200)
        report.check("the key is never printed", KEY not in server.output(), server.output())
    for arguments, name in [
        (["--listen", "0.0.0.0:0"], "another address without a key"),
        (["--listen", "[::]:0"], "all addresses of IPv6 without a key"),
        (["--listen", "127.0.0.1:0", "--api-key", ""], "an empty key"),
        (["--listen", "127.0.0.1:0", "--api-key-file", "nosuch"], "no file of a key"),
        (["--listen", "nonsense"], "no address"),
        (["--listen", "127.0.0.1:0", "--index", "nosuch"], "no index"),
    ]:
        run = box.run("serve", *arguments, check=False, timeout=20)
        report.check(f"embed serve refuses {name}", run.returncode == 2 and run.stderr.startswith("error:"), run.stderr)
    run = box.run("serve", "--listen", "0.0.0.0:0", check=False, timeout=20)
    report.check("the refusal of another address names --api-key", "--api-key" in run.stderr, run.stderr)


def origins(box, report):
    """What --cors and --allow-host allow."""
    named = "http://app.example"
    with serving(box, report, "--index", ".embed", "--cors", named, "--allow-host", "search.example") as server:
        answer = server.get("/search", {"Origin": named}, q="bees")
        report.check(
            "a named origin is answered, by name",
            answer.status == 200 and answer.headers.get("access-control-allow-origin") == named,
            answer.headers.items(),
        )
        report.check("answers vary by origin", "origin" in answer.headers.get("vary", "").lower(), answer.headers.items())
        wanted = {
            "Origin": named,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, authorization",
        }
        answer = server.ask("OPTIONS", "/search", headers=wanted)
        allowed = answer.headers.get("access-control-allow-headers", "").lower()
        report.check(
            "its preflight is answered",
            answer.status in (200, 204)
            and "POST" in answer.headers.get("access-control-allow-methods", "")
            and "content-type" in allowed
            and "authorization" in allowed,
            answer.headers.items(),
        )
        answer = server.get("/search", {"Origin": named}, q="")
        report.check(
            "an error has the CORS header, too",
            answer.status == 400 and answer.headers.get("access-control-allow-origin") == named,
            answer.headers.items(),
        )
        answer = server.get("/search", {"Origin": "http://app.example.evil"}, q="bees")
        report.check("another origin is 403", answer.status == 403 and "access-control-allow-origin" not in answer.headers, answer)
        for host, status in (("search.example", 200), (f"search.example:{server.port}", 200), ("evil.example", 403)):
            answer = server.get("/search", {"Host": host}, q="bees")
            report.check(f"with --allow-host, Host {host} is {status}", answer.status == status, answer)
