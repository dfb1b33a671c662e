"""The OpenAPI description, against the answers: Schemathesis generates requests from it, right and wrong."""

import re
import subprocess
import tempfile

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
MOST_SHOWN = 12


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
    command = [
        chosen.clients.with_name("schemathesis"), "run", f"{server.url}/openapi.json", "--checks", ",".join(CHECKS),
        "--max-time", chosen.seconds, "--phases", "examples,coverage,fuzzing", "--max-examples", "200", "--continue-on-failure",
        "--workers", "2", "--seed", SEED, "--request-timeout", "30", "--generation-database", "none", "--no-color",
        # That generating is slow or rarely succeeds is no fault of the server.
        "--suppress-health-check", "all",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=chosen.seconds + 240)
    found = list(failures(run.stdout))
    report.check("Schemathesis finds no fault", run.returncode == 0, f"{len(found)} failures: {run.stderr[-200:]} {run.stdout[-300:]}")
    for operation, failure in found[:MOST_SHOWN]:
        report.check(f"generated requests of {operation}", False, failure)
    count = re.search(r"([\d,]+) generated", run.stdout)
    report.check("Schemathesis generates requests", count and int(count.group(1).replace(",", "")) > 200, run.stdout[-500:])
    report.note(f"Schemathesis: {count.group(0) if count else 'nothing'}")
    report.check("after it a search is answered", server.get("/search", q="bees").status == 200)


def failures(output):
    """The failures that Schemathesis prints, each with its operation."""
    operation = ""
    for part in re.split(
        r"^(?=_{3,} .* _{3,}$|\d+\. Test Case ID|=+ SUMMARY =+$)", output.partition("= FAILURES =")[2], flags=re.MULTILINE
    ):
        header = re.match(r"_{3,} (.*) _{3,}$", part, re.MULTILINE)
        if header:
            operation = header.group(1)
        elif re.match(r"\d+\. Test Case ID", part):
            yield operation, part
