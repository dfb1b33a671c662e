"""A real server: infinity with bge-small-en-v1.5, whose vectors are ours with CLS pooling."""
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from .tool import sandbox

QUERIES = ["how do I return a shirt", "when does it arrive", "sleeping animals", "thirty days"]


def check(chosen, report):
    report.section("a real server: infinity")
    if not chosen.infinity:
        print("  left out: no --infinity")
        return
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}
        arguments = [
            "v2", "--model-id", chosen.model.resolve(), "--served-model-name", "bge", "--host", "127.0.0.1", "--port", str(port),
            "--engine", "torch", "--device", "cpu", "--no-bettertransformer", "--no-model-warmup",
        ]
        server = subprocess.Popen([chosen.infinity.resolve(), *arguments], stdout=log, stderr=log, env=environment, cwd=folder)
        try:
            if not wait_for(port, server):
                log.seek(0)
                report.check("the server starts", False, log.read()[-600:])
                return
            compare(chosen, report, f"http://127.0.0.1:{port}/embeddings#bge")
        finally:
            server.terminate()
            server.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, server):
    end = time.monotonic() + 180
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
            return True
        except OSError:
            time.sleep(0.5)
    return False


def compare(chosen, report, served):
    texts = [line for line in Path(__file__).read_text().splitlines() if line.strip()] + QUERIES
    with sandbox(chosen.embed, EMBED_API_TIMEOUT="120") as box:
        box.write("texts.txt", "\n".join(texts) + "\n")
        local = ["--pooling", "cls", "--model", str(chosen.model.resolve())]
        ours, theirs = (
            [json.loads(line)["embedding"] for line in box.run("encode", "--input", "texts.txt", *model).stdout.splitlines()]
            for model in (local, ["--model", served])
        )
        far = max((abs(a - b) for one, other in zip(ours, theirs) for a, b in zip(one, other)), default=1.0)
        report.check(f"{len(theirs)} vectors differ by at most 1e-4", len(ours) == len(theirs) == len(texts) and far <= 1e-4, far)
        print(f"          the largest difference of a component is {far:.1e}")
        assert box.run("index", "texts.txt", "--index", "ours", *local).code == 0
        run = box.run("index", "texts.txt", "--index", "theirs", "--model", served)
        report.check("it indexes", run.code == 0, run)
        for query in QUERIES:
            found = [box.run("search", query, "--index", index, "-k", "5", "--jsonl").stdout for index in ("ours", "theirs")]
            ids = [[json.loads(line)["id"] for line in lines.splitlines()] for lines in found]
            report.check(f"the same results for {query!r}", ids[0] == ids[1] and len(ids[0]) == 5, ids)
