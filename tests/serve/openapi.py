"""The OpenAPI description, against the answers: Schemathesis generates requests from it, right and wrong."""

import re
import subprocess
import tempfile
from pathlib import Path

from .tei import RERANKER
from .tool import sandbox, serving

ROUTES = {
    "/search": {"get", "post"},
    "/documents/{id}": {"get"},
    "/status": {"get"},
    "/v1/embeddings": {"post"},
    "/v1/models": {"get"},
    "/v1/models/{id}": {"get"},
    "/embed": {"post"},
    "/similarity": {"post"},
    "/tokenize": {"post"},
    "/rerank": {"post"},
    "/v1/rerank": {"post"},
    "/info": {"get"},
    "/health": {"get"},
    "/metrics": {"get"},
}
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
]
SEED = 1


def check(chosen, report):
    with sandbox(chosen.embed) as box, serving(box, report, "--index", ".embed", "--reranker", RERANKER) as server:
        report.step(described, server, report)
        if not chosen.clients:
            report.note("left out: Schemathesis, without --clients")
            return
        report.step(generated, chosen, server, report)


def described(server, report):
    answer = server.get("/openapi.json")
    report.check(
        "/openapi.json is JSON", answer.status == 200 and answer.headers["content-type"].startswith("application/json"), answer
    )
    description = answer.json()
    report.check("it is of OpenAPI 3", description["openapi"].startswith("3."), description["openapi"])
    # The name of a parameter of a path is free.
    found = {
        re.sub(r"\{\*?\w+\}", "{id}", path): set(item) & {"get", "post", "put", "delete"}
        for path, item in description["paths"].items()
    }
    for path, methods in ROUTES.items():
        report.check(f"{path} is described", methods <= found.get(path, set()), found.get(path))
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post"):
                report.check(
                    f"{method} {path} says what it answers", operation.get("summary") or operation.get("description"), operation
                )
                report.check(
                    f"{method} {path} describes success",
                    any(code.startswith("2") for code in operation["responses"]),
                    operation["responses"],
                )


def generated(chosen, server, report):
    """No status 5xx, and no status, content type or shape that is not described."""
    program = chosen.clients.with_name("schemathesis")
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "events.ndjson"
        command = [
            program,
            "run",
            f"{server.url}/openapi.json",
            "--checks",
            ",".join(CHECKS),
            "--max-time",
            str(chosen.seconds),
            "--phases",
            "examples,coverage,fuzzing",
            "--workers",
            "2",
            "--seed",
            str(SEED),
            "--request-timeout",
            "30",
            "--report",
            "ndjson",
            "--report-ndjson-path",
            record,
            "--continue-on-failure",
            "--no-color",
            "--generation-database",
            "none",
            "--max-examples",
            "200",
        ]
        try:
            run = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=chosen.seconds + 180)
        except subprocess.TimeoutExpired:
            report.check("Schemathesis ends", False)
            return
    failures = run.stdout.partition("= FAILURES =")[2] or run.stdout
    shown = re.findall(r"^\s*\d+\. Test Case ID.*?(?=^\s*\d+\. Test Case ID|\Z)", failures, re.MULTILINE | re.DOTALL)
    report.check(
        "Schemathesis finds no fault",
        run.returncode == 0,
        f"{len(shown)} failures" if shown else run.stdout[-500:] + run.stderr[-300:],
    )
    for failure in shown[:12]:
        report.check("a generated request", False, failure)
    summary = [line.strip() for line in run.stdout.splitlines() if re.search(r"\d+ generated|Test cases:|Operations:", line)]
    for line in summary:
        report.note(f"Schemathesis: {line}")
    report.check("Schemathesis ran", "generated" in run.stdout or "passed" in run.stdout, run.stdout[-500:])
    report.check("after it a search is answered", server.get("/search", q="bees").status == 200)
