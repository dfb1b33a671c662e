"""Running embed in an environment of its own, and working folders that leave nothing behind."""
import contextlib
import os
import queue
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

MODEL = Path(__file__).resolve().parent.parent / "fixtures" / "tiny-bert"
PATIENCE = 120


@dataclass
class Outcome:
    """What a run of embed printed, and how it ended."""

    code: int
    out: str
    err: str
    seconds: float

    def refusal(self):
        """Why this is not a refusal in one clear line with exit code 2; None where it is."""
        lines = [line for line in self.err.splitlines() if not line.startswith(("hint:", "skipped "))]
        if self.code != 2:
            return f"exit code {self.code}: {self.err.strip()[-300:]!r}"
        if len(lines) != 1 or not lines[0].startswith("error: ") or "panicked" in self.err:
            return f"not one clear line: {self.err.strip()[-300:]!r}"
        return None


class Embed:
    """The binary, without the user's home and variables."""

    def __init__(self, binary):
        self.binary = str(Path(binary).resolve())

    def command(self, *arguments):
        return [self.binary, *map(str, arguments)]

    def environment(self, folder):
        """Temporary files go to a folder of their own, so that those left behind are seen."""
        for name in ("home", "tmp"):
            (Path(folder) / name).mkdir(exist_ok=True)
        return {"HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp", "PATH": os.environ["PATH"], "NO_COLOR": "1"}

    def start(self, folder, *arguments, prefix=(), **settings):
        settings = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | settings
        command = [*prefix, *self.command(*arguments)]
        return subprocess.Popen(command, cwd=Path(folder), env=self.environment(folder), **settings)

    def run(self, folder, *arguments, prefix=(), timeout=PATIENCE, **settings):
        begun = time.monotonic()
        process = self.start(folder, *arguments, prefix=prefix, **settings)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += b"\n(no end after %d s)" % timeout
        return Outcome(process.returncode, decoded(out), without_strace(decoded(err)), time.monotonic() - begun)

    def must(self, folder, *arguments, **settings):
        """Runs what cannot fail in a working setup."""
        outcome = self.run(folder, *arguments, **settings)
        if outcome.code not in (0, 1):
            raise RuntimeError(f"setup: {arguments}: {outcome}")
        return outcome


def decoded(output):
    return (output or b"").decode("utf-8", "replace")


def without_strace(errors):
    return "".join(line for line in errors.splitlines(keepends=True) if not line.startswith("strace: "))


@contextlib.contextmanager
def working_folder(in_memory=False):
    """An empty folder; in memory where its speed matters and the disk is not what is tested."""
    memory = Path("/dev/shm")
    parent = memory if in_memory and os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="embed-durability-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def for_each(cases, workers, places, test):
    """Runs `test(place, case)` for all cases at once in as many threads as there are places."""
    free = queue.Queue()
    for place in places[:workers]:
        free.put(place)

    def run(case):
        place = free.get()
        try:
            test(place, case)
        finally:
            free.put(place)

    with ThreadPoolExecutor(min(workers, len(places))) as pool:
        for _ in pool.map(run, cases):
            pass


def replace_folder(target, source):
    shutil.rmtree(target, ignore_errors=True)
    if source is not None:
        shutil.copytree(source, target, symlinks=True)
