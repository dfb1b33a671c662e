"""The protocol for agents: the conformance suite, and the client of its Python SDK on both transports."""

import json
import subprocess
import tempfile

from . import programs
from .tool import sandbox, serving

# Scenarios of @modelcontextprotocol/conformance that a server with tools alone can pass.
APPLICABLE = ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"]

# The others test what the server does not declare: the suite calls tools of its own by name, or asks for resources,
# prompts, completions, logging and sessions.
NOT_APPLICABLE = {
    "logging-set-level": "the capability logging",
    "completion-complete": "the capability completions",
    "tools-call-simple-text": "the tool test_simple_text",
    "tools-call-image": "the tool test_image_content",
    "tools-call-audio": "the tool test_audio_content",
    "tools-call-embedded-resource": "the tool test_embedded_resource",
    "tools-call-mixed-content": "the tool test_multiple_content_types",
    "tools-call-with-logging": "the tool test_tool_with_logging",
    "tools-call-error": "the tool test_error_handling",
    "tools-call-with-progress": "the tool test_tool_with_progress",
    "tools-call-sampling": "the tool test_sampling",
    "tools-call-elicitation": "the tool test_elicitation",
    "json-schema-2020-12": "the tool json_schema_2020_12_tool",
    "elicitation-sep1034-defaults": "the tool test_elicitation_sep1034_defaults",
    "elicitation-sep1330-enums": "the tool test_elicitation_sep1330_enums",
    "server-sse-polling": "the tool test_reconnection",
    "server-sse-multiple-streams": "sessions, which the server does not keep",
    "resources-list": "the capability resources",
    "resources-read-text": "the capability resources",
    "resources-read-binary": "the capability resources",
    "resources-templates-read": "the capability resources",
    "resources-subscribe": "the capability resources",
    "resources-unsubscribe": "the capability resources",
    "prompts-list": "the capability prompts",
    "prompts-get-simple": "the capability prompts",
    "prompts-get-with-args": "the capability prompts",
    "prompts-get-embedded-resource": "the capability prompts",
    "prompts-get-with-image": "the capability prompts",
}
# The modes of the SDK's client, and the revision of each.
MODES = [("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28"), ("auto", "20")]
KEY = "sk-of-the-tests"


def check(chosen, report):
    with sandbox(chosen.embed) as box, serving(box, report, "--index", ".embed") as server:
        report.step(conformance, chosen, server, report)
        report.step(by_hand, server, report)
        report.step(plainly, box, report)
        wanted = {
            "query": "how do I return something",
            "first": "Return policy",
            "source": "docs.txt",
            "id": "papers.jsonl:4",
            "text": "Measurements of sourdough bread",
            "index": box.folder.name,
            "where": "source = papers.jsonl",
            "wrong": "year >",
        }
        if not chosen.clients:
            report.note("left out: the client of the Python SDK, without --clients")
            return
        targets = [
            ("/mcp", ["http", f"{server.url}/mcp"]),
            ("stdio", ["stdio", box.embed, "mcp", "--index", box.folder / ".embed"]),
        ]
        for mode, revision in MODES:
            for name, target in targets:
                client(chosen, report, f"{name}, {mode}", mode, target, wanted | {"revision": revision}, box.folder)
        with serving(box, report, "--index", ".embed", "--api-key", KEY) as guarded:
            target = ["http", f"{guarded.url}/mcp", KEY]
            client(chosen, report, "/mcp with a key", "legacy", target, wanted | {"revision": "2025-11-25"}, box.folder)
            answer = guarded.post("/mcp", initialization(1), {"Accept": "application/json, text/event-stream"})
            report.check("/mcp without the key is 401", answer.status == 401, answer)


def client(chosen, report, name, mode, target, wanted, folder):
    """Ids are read from the working folder, so the client works in that of the index."""
    command = [chosen.clients, programs.FOLDER / "mcp_client.py", mode, *target]
    programs.run(report, f"mcp {name}", command, wanted, timeout=120, cwd=folder)


def conformance(chosen, server, report):
    if not chosen.node_modules or not chosen.node:
        report.note("left out: the conformance suite, without --node-modules or node")
        return
    command = [chosen.node, chosen.node_modules / "@modelcontextprotocol/conformance/dist/index.js"]
    listed = subprocess.run([*command, "list", "--server"], capture_output=True, text=True, timeout=60)
    scenarios = {line.split()[1] for line in listed.stdout.splitlines() if line.strip().startswith("- ")}
    report.equal("every scenario of the suite is known here", sorted(scenarios), sorted([*APPLICABLE, *NOT_APPLICABLE]))
    for scenario in APPLICABLE:
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                [*command, "server", "--url", f"{server.url}/mcp", "--scenario", scenario],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=60,
            )
        report.check(
            f"conformance: {scenario}",
            run.returncode == 0 and "FAILURE" not in run.stdout and "WARNING" not in run.stdout,
            run.stdout[-600:] + run.stderr[-300:],
        )
    report.note(f"conformance: {len(NOT_APPLICABLE)} scenarios test what is not declared: {', '.join(NOT_APPLICABLE)}")


def initialization(identity, revision="2025-11-25"):
    return {
        "jsonrpc": "2.0",
        "id": identity,
        "method": "initialize",
        "params": {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
    }


def by_hand(server, report):
    """What clients rarely send."""
    both = {"Accept": "application/json, text/event-stream"}
    answer = server.post("/mcp", initialization(1), both)
    report.check("/mcp initializes", answer.status == 200 and b"serverInfo" in answer.body, answer)
    # What is declared would be applicable above.
    report.check("it keeps no session", "mcp-session-id" not in answer.headers, answer.headers.items())
    report.check(
        "it declares tools alone",
        not any(name in answer.body for name in (b'"resources"', b'"prompts"', b'"completions"', b'"logging"')),
        answer,
    )
    for name, body, headers in [
        ("text that is not JSON", b"{", both | {"Content-Type": "application/json"}),
        ("JSON that is no message", b"[1, 2]", both | {"Content-Type": "application/json"}),
        ("another content type", b"{}", both | {"Content-Type": "text/plain"}),
        ("a client that accepts nothing of it", initialization(2), {"Accept": "image/png"}),
        (
            "a revision that never was",
            initialization(2) | {"method": "tools/list", "params": {}},
            both | {"MCP-Protocol-Version": "1999-01-01"},
        ),
        ("an unknown session", {"jsonrpc": "2.0", "id": 3, "method": "tools/list"}, both | {"Mcp-Session-Id": "nosuch"}),
        ("a foreign origin", initialization(4), both | {"Origin": "http://evil.example"}),
        ("a foreign host", initialization(5), both | {"Host": "evil.example"}),
    ]:
        answer = server.post("/mcp", body, headers)
        # A server without sessions has no reason to refuse one.
        known = answer.status == 200 and name == "an unknown session"
        report.check(f"/mcp: {name} is refused", 400 <= answer.status < 500 or known, answer)
    # Without sessions there is no stream to listen to, and none to end.
    for method in ("GET", "DELETE"):
        answer = server.ask(method, "/mcp", headers={"Accept": "text/event-stream"})
        report.check(f"/mcp: {method} is 405", answer.status == 405, answer)
    answer = server.post("/mcp", initialization(6, "2999-01-01"), both)
    report.check(
        "/mcp: to a revision of the future it offers its own",
        answer.status == 200 and b"2025-11-25" in answer.body or answer.status == 400,
        answer,
    )
    report.check("after that it answers", server.post("/mcp", initialization(7), both).status == 200)


def plainly(box, report):
    """`embed mcp` writes messages alone on standard output, and ends with its input."""
    messages = [
        initialization(1),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "bees"}}},
    ]
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    run = box.run(
        "mcp",
        "--index",
        ".embed",
        input=lines + "not JSON\n" + json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/list"}) + "\n",
        timeout=60,
        check=False,
    )
    try:
        answers = {message.get("id"): message for message in map(json.loads, run.stdout.splitlines())}
    except ValueError:
        answers = {}
    report.check("embed mcp: every line of output is a message", {1, 2, 3} <= set(answers), run.stdout[-400:] + run.stderr[-200:])
    report.check("embed mcp: it ends with its input, with 0", run.returncode == 0, run.stderr[-300:])
    run = box.run("mcp", "--index", "nowhere", input="", check=False)
    report.check(
        "embed mcp: an index that is not there is an error with 2",
        run.returncode == 2 and run.stderr.startswith("error:"),
        run.stderr,
    )
