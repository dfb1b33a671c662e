#!/usr/bin/env python3
"""Tokens per second and latency of `embed serve` beside infinity: the same requests, in turns, in one run.

    cargo build --release
    python3 benches/serve_rate.py target/release/embed --infinity target/infinity/bin/infinity_emb --shared ../shared

Standard library only. Both serve bge-small-en-v1.5 with CLS pooling in float32 and answer `POST /v1/embeddings` in base64. A
request has one text: a sentence of STS-B (short) or an abstract of SciFact (long, up to 510 tokens). Each client sends the
next request when it has its answer. Rounds alternate between the servers; figures are medians over the rounds, and so are
ratios. Tokens are counted once for both, special tokens included. The last part is the latency of a short query while
another client keeps posting batches of 64 abstracts, against that of a quiet server.
"""

import argparse
import base64
import http.client
import json
import os
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from providers.infinity import free_port  # noqa: E402

CLIENTS = [1, 8, 64]
LONGEST = 510
BATCH = 64
ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"}


class Peer:
    """A server that answers `POST path`."""

    def __init__(self, name, model, path, port):
        self.name, self.model, self.path, self.port = name, model, path, port

    def body(self, texts, form="base64"):
        return json.dumps({"model": self.model, "input": texts, "encoding_format": form}).encode()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def post(self, connection, body, path=None):
        connection.request("POST", path or self.path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(f"{self.name}: {response.status} {answer[:300]!r}")
        return answer


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed", type=Path)
    parser.add_argument("--infinity", type=Path, help="the program infinity_emb [default: ours alone]")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="the folder of data, models and peers")
    parser.add_argument("--seconds", type=float, default=6, help="of a point in a round [default: 6]")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="f32", help="of ours [default: f32]")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--part", choices=["rates", "beside"], help="only this part [default: both]")
    return parser.parse_args()


@contextmanager
def embed(program, precision):
    precise = [] if precision == "f32" else ["--precision", precision]
    with tempfile.NamedTemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        command = [program.resolve(), "serve", "--listen", "127.0.0.1:0", "--pooling", "cls", *precise]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            port = listening(process, Path(log.name))
            with http_client(port) as connection:
                connection.request("GET", "/v1/models")
                model = json.loads(connection.getresponse().read())["data"][0]["id"]
            yield Peer("embed", model, "/v1/embeddings", port)
        finally:
            stop(process)


def listening(process, log):
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"listening on http://[^ ]+:(\d+)", log.read_text())
        if found:
            return int(found.group(1))
        time.sleep(0.05)
    sys.exit(f"embed serve did not start: {log.read_text()[-500:]}")


@contextmanager
def infinity(program, model):
    with tempfile.NamedTemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [
            program.resolve(),
            "v2",
            "--model-id",
            model.resolve(),
            "--served-model-name",
            "bge",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--engine",
            "torch",
            "--device",
            "cpu",
            "--no-bettertransformer",
            "--no-model-warmup",
        ]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT, cwd=folder)
        try:
            end = time.monotonic() + 180
            while True:
                try:
                    with http_client(port) as connection:
                        connection.request("GET", "/health")
                        connection.getresponse().read()
                    break
                except OSError:
                    if time.monotonic() > end or process.poll() is not None:
                        sys.exit(f"infinity did not start: {Path(log.name).read_text()[-600:]}")
                    time.sleep(0.5)
            yield Peer("infinity", "bge", "/embeddings", port)
        finally:
            stop(process)


@contextmanager
def http_client(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def stop(process):
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def texts(shared, peer):
    """The two lists of texts, each with its number of tokens, counted by our server."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, shared / "peers" / "texts.py", "--out", folder], check=True)
        lists = [(Path(folder) / f"{name}.txt").read_text(encoding="utf-8").splitlines() for name in ("sentences", "abstracts")]
    connection = peer.connect()
    counted = []
    for lines in lists:
        tokens = []
        for start in range(0, len(lines), 16):
            answer = peer.post(connection, json.dumps({"inputs": lines[start : start + 16]}).encode(), "/tokenize")
            tokens += [len(row) for row in json.loads(answer)]
        counted.append([(line, number) for line, number in zip(lines, tokens) if number <= LONGEST + 2])
    connection.close()
    return dict(zip(("short", "long"), counted))


def same_work(peers, inputs):
    """The greatest difference of a component between the servers' vectors."""
    chosen = [line for lines in inputs.values() for line, _ in lines[:20]]
    vectors = []
    for peer in peers:
        connection = peer.connect()
        rows = json.loads(peer.post(connection, peer.body(chosen)))["data"]
        connection.close()
        packed = [base64.b64decode(row["embedding"]) for row in rows]
        vectors.append([struct.unpack(f"<{len(data) // 4}f", data) for data in packed])
    return max(abs(a - b) for one, other in zip(*vectors) for a, b in zip(one, other))


def load(peer, lines, clients, seconds):
    """Tokens a second, and the seconds of each request, of so many clients at once."""
    bodies = [(peer.body([line]), number) for line, number in lines]
    begun = time.monotonic()
    end = begun + seconds
    times, tokens, last, errors = [], [], [], []

    def client(number):
        try:
            connection = peer.connect()
            place = number * len(bodies) // clients
            while time.monotonic() < end:
                body, count = bodies[place % len(bodies)]
                sent = time.monotonic()
                peer.post(connection, body)
                times.append(time.monotonic() - sent)
                tokens.append(count)
                place += 1
            last.append(time.monotonic())
            connection.close()
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            errors.append(error)

    run_together([threading.Thread(target=client, args=(number,)) for number in range(clients)])
    if errors:
        sys.exit(f"{peer.name}: {errors[0]}")
    return sum(tokens) / (max(last) - begun), times


def run_together(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def percentile(times, share):
    """Milliseconds."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def beside_batches(peer, inputs, seconds):
    """Milliseconds of a short query, p50 and p99: on a quiet server, and beside a client that posts batches of abstracts."""
    _, quiet = load(peer, inputs["short"], 1, seconds)
    lines = [line for line, _ in inputs["long"]]
    batches = [peer.body([lines[(start + place) % len(lines)] for place in range(BATCH)]) for start in range(0, len(lines), BATCH)]
    done, posted = threading.Event(), []

    def post():
        connection = peer.connect()
        while not done.is_set():
            peer.post(connection, batches[len(posted) % len(batches)])
            posted.append(time.monotonic())
        connection.close()

    poster = threading.Thread(target=post, daemon=True)
    poster.start()
    time.sleep(0.5)
    _, busy = load(peer, inputs["short"], 1, seconds)
    if not poster.is_alive():
        raise RuntimeError(f"{peer.name}: the client of batches broke off")
    done.set()
    poster.join(300)
    return quiet, busy, len(posted)


def processor():
    fields = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = fields.get("flags", "").split()
    kernels = [name for name in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if name in flags]
    return f"{fields.get('model name', 'unknown processor')}, {os.cpu_count()} cores, {' '.join(kernels)}"


def rates(peers, inputs, chosen):
    print(
        f"\n{'texts':<7}{'clients':>8}",
        *(f"{peer.name + ' tokens/s':>20}{'p50 ms':>9}{'p99 ms':>9}" for peer in peers),
        f"{'ratio':>8}",
    )
    for length, lines in inputs.items():
        for clients in chosen.clients:
            found = {peer.name: [] for peer in peers}
            for round_of in range(chosen.rounds):
                for peer in peers if round_of % 2 == 0 else reversed(peers):
                    rate, times = load(peer, lines, clients, chosen.seconds)
                    found[peer.name].append((rate, percentile(times, 0.5), percentile(times, 0.99)))
            medians = [[statistics.median(column) for column in zip(*found[peer.name])] for peer in peers]
            columns = [f"{rate:>20,.0f}{half:>9.1f}{most:>9.1f}" for rate, half, most in medians]
            ratio = ""
            if len(peers) == 2:
                ratio = f"{statistics.median(a[0] / b[0] for a, b in zip(*(found[peer.name] for peer in peers))):>8.2f}"
            print(f"{length:<7}{clients:>8}", *columns, ratio, flush=True)


def queries(peers, inputs, chosen):
    print(f"\nmilliseconds of a short query, on a quiet server and beside batches of {BATCH} abstracts")
    print(f"{'':<10}{'quiet p50':>11}{'p99':>8}{'beside p50':>12}{'p99':>9}{'p99 ratio':>11}{'queries':>9}{'batches':>9}")
    for peer in peers:
        rows = []
        for _ in range(chosen.rounds):
            quiet, busy, batches = beside_batches(peer, inputs, max(10, chosen.seconds))
            figures = [percentile(quiet, 0.5), percentile(quiet, 0.99), percentile(busy, 0.5), percentile(busy, 0.99)]
            rows.append([*figures, figures[3] / figures[1], len(busy), batches])
        half, most, half_beside, most_beside, ratio, count, batches = (statistics.median(column) for column in zip(*rows))
        print(
            f"{peer.name:<10}{half:>11.1f}{most:>8.1f}{half_beside:>12.1f}{most_beside:>9.1f}{ratio:>11.2f}{count:>9.0f}{batches:>9.0f}",
            flush=True,
        )


def measure(peers, inputs, chosen):
    if chosen.part != "beside":
        rates(peers, inputs, chosen)
    if chosen.part != "rates":
        queries(peers, inputs, chosen)


def main():
    chosen = options()
    # Told to end, it ends its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with embed(chosen.embed, chosen.precision) as ours:
        inputs = texts(chosen.shared, ours)
        print(processor())
        print(f"load average before the run: {os.getloadavg()[0]:.1f}")
        print(f"{chosen.rounds} rounds of {chosen.seconds:.0f} s, in turns; embed {chosen.precision}")
        for length, lines in inputs.items():
            print(f"{length}: {len(lines)} texts, {sum(number for _, number in lines) / len(lines):.0f} tokens on average")
        if not chosen.infinity:
            measure([ours], inputs, chosen)
            return
        with infinity(chosen.infinity, chosen.shared / "models" / "bge-small-en-v1.5") as theirs:
            peers = [ours, theirs]
            print(f"vectors differ by at most {same_work(peers, inputs):.0e}")
            measure(peers, inputs, chosen)


if __name__ == "__main__":
    main()
