"""Runs of the program, and the count of checks."""
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from . import fake

OPENAI = "openai:text-embedding-3-small"
VOYAGE = "voyage:voyage-3"
DOCUMENTS = "return policy: thirty days\nshipping takes a week\ncats sleep all day\n"


class Report:
    """Prints a line for each check."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, name, holds, found=""):
        if holds:
            self.passed += 1
            print(f"  ok      {name}", flush=True)
        else:
            self.failed += 1
            print(f"  FAILED  {name}: {found}", flush=True)

    def section(self, name):
        print(name, flush=True)

    def finish(self):
        print(f"{self.passed} checks passed, {self.failed} failed")
        return 1 if self.failed else 0


class Run:
    """What a run left."""

    def __init__(self, process):
        self.code, self.stdout, self.stderr = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"code {self.code}, stdout {self.stdout[:300]!r}, stderr {self.stderr[:600]!r}"


class Sandbox:
    """A working folder with a home of its own, and an environment that leads to the fakes."""

    def __init__(self, embed, folder, openai=None, voyage=None, **variables):
        self.embed, self.folder = embed.resolve(), Path(folder)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "EMBED_API_TIMEOUT": "20"}
        if openai:
            self.environment |= {"OPENAI_API_KEY": fake.KEY, "OPENAI_BASE_URL": openai.url}
        if voyage:
            self.environment |= {"VOYAGE_API_KEY": fake.KEY, "VOYAGE_BASE_URL": voyage.url}
        self.environment |= variables
        self.write("docs.txt", DOCUMENTS)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def command(self, *arguments):
        return [str(self.embed), *map(str, arguments)]

    def run(self, *arguments, input=None, timeout=120):
        process = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment, input=input, text=True,
            capture_output=True, timeout=timeout,
        )
        return Run(process)

    def start(self, *arguments):
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )


@contextmanager
def sandbox(embed, **services):
    with tempfile.TemporaryDirectory(prefix="embed-providers-") as folder:
        yield Sandbox(embed, folder, **services)
