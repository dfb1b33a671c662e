"""Runs of the program, its server, and requests to it."""

import http.client
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from . import corpus

PATIENCE = 120
LISTENING = re.compile(r"listening on http://([^ ]+):(\d+)")
USUAL_FILES = 1024


@dataclass
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    def message(self):
        """The text of an error in either of the two shapes; None where the body has neither."""
        try:
            error = self.json()["error"]
            return error if isinstance(error, str) else error["message"]
        except (ValueError, KeyError, TypeError):
            return None

    def __str__(self):
        return f"{self.status} {self.headers.get('content-type')} {self.body[:300]!r}"


class Sandbox:
    """A working folder with a home of its own."""

    def __init__(self, embed, folder):
        self.embed, self.folder = Path(embed).resolve(), Path(folder)
        (self.folder / "home").mkdir(exist_ok=True)

    def environment(self, **variables):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "NO_COLOR": "1"} | variables

    def run(self, *arguments, timeout=PATIENCE, check=True, input=None, **variables):
        """Runs the program; with check, anything but 0 and 1 is an error of the test."""
        process = subprocess.run(
            [self.embed, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=timeout,
            input=input,
        )
        if check and process.returncode not in (0, 1):
            raise RuntimeError(f"embed {' '.join(map(str, arguments))}: {process.stderr.strip()}")
        return process

    def start(self, *arguments, **settings):
        """Starts the program with nothing to read, and its output thrown away."""
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | settings
        return subprocess.Popen([self.embed, *map(str, arguments)], cwd=self.folder, env=self.environment(), **settings)

    def vectors(self, texts, *arguments):
        """The vectors of `embed encode`."""
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        output = self.run("encode", "--text", "text", "--output-format", "jsonl", *arguments, input=lines).stdout
        return [json.loads(line)["embedding"] for line in output.splitlines()]


@contextmanager
def sandbox(embed, indexed=True):
    """A folder with the corpus and its index."""
    with tempfile.TemporaryDirectory(prefix="embed-serve-") as folder:
        box = Sandbox(embed, folder)
        names = corpus.write(folder)
        if indexed:
            box.run("index", *names)
        yield box


class Server:
    """`embed serve` on a free port of the loopback interface, with the usual limit of open files."""

    def __init__(self, box, *arguments, **variables):
        self.box = box
        self.log = tempfile.NamedTemporaryFile(prefix="embed-serve-log-")
        command = [box.embed, "serve", "--listen", "127.0.0.1:0", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            cwd=box.folder,
            env=box.environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=usual_limits,
        )
        try:
            self.port = self.wait()
        except BaseException:
            self.end()
            raise
        self.url = f"http://127.0.0.1:{self.port}"

    def wait(self):
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            found = LISTENING.search(self.output())
            if found:
                return int(found.group(2))
            time.sleep(0.02)
        raise RuntimeError(f"embed serve did not start: {self.output().strip()[-500:]}")

    def output(self):
        return Path(self.log.name).read_text(errors="replace")

    def ask(self, method, path, body=None, headers=None, timeout=PATIENCE):
        """One request on a connection of its own. A body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            return ask(connection, method, path, body, headers)
        finally:
            connection.close()

    def get(self, path, headers=None, **parameters):
        pairs = [
            (name, value) for name, values in parameters.items() for value in (values if isinstance(values, list) else [values])
        ]
        return self.ask("GET", f"{path}?{urlencode(pairs)}" if pairs else path, headers=headers)

    def post(self, path, body, headers=None, timeout=PATIENCE):
        return self.ask("POST", path, body, headers, timeout)

    def document(self, identity, **parameters):
        return self.get(f"/documents/{quote(identity, safe='')}", **parameters)

    def memory(self):
        """RssAnon and VmHWM in MiB. The model's weights are mapped from the program, so RssAnon leaves them out."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"{name}:\s+(\d+)", status).group(1)) / 1024 for name in ("RssAnon", "VmHWM")]

    def cpu(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def end(self, patience=20):
        """Stops the server, and gives its exit code; None where it had to be killed."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


def ask(connection, method, path, body=None, headers=None):
    """A request on a connection that may be kept."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


@contextmanager
def serving(box, report, *arguments, **variables):
    """A server, which must end by itself when it is told to, without a panic."""
    server = Server(box, *arguments, **variables)
    try:
        yield server
    finally:
        code = server.end()
        output = server.output()
        report.check(f"the server with {list(arguments)} ends with 0", code == 0, f"{code}: {output[-300:]}")
        report.check(f"the server with {list(arguments)} never panics", "panicked" not in output, output[-500:])


def usual_limits():
    """The soft limit that shells and services have, whatever this process raised its own to."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


class Watch:
    """Samples the memory of a server."""

    def __init__(self, server, pause=0.1):
        self.server, self.pause = server, pause
        self.samples, self.seen = [], 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def __enter__(self):
        self.begun = time.monotonic()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def sample(self):
        while not self.stopped.wait(self.pause):
            try:
                anonymous, peak = self.server.memory()
            except (OSError, AttributeError):
                return
            self.samples.append((time.monotonic() - self.begun, anonymous, peak))

    def since_last(self):
        """The most RssAnon in MiB since this was last called."""
        seen, self.seen = self.seen, len(self.samples)
        return max((sample[1] for sample in self.samples[seen:]), default=0.0)

    def most(self):
        """The most RssAnon and VmHWM in MiB."""
        return max((sample[1] for sample in self.samples), default=0.0), max((sample[2] for sample in self.samples), default=0.0)
