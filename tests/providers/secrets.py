"""A key is nowhere but in the header of a request to its service."""
import subprocess
import time
from pathlib import Path

from . import fake
from .tool import OPENAI, sandbox


def check(chosen, report):
    report.section("secrets")
    with fake.Service("openai") as openai, sandbox(chosen.embed, openai=openai) as box:
        run = box.run("index", "docs.txt", "--model", OPENAI)
        holders = [path.name for path in box.folder.rglob("*") if path.is_file() and fake.KEY.encode() in path.read_bytes()]
        report.check("no file of the index has the key", run.code == 0 and not holders, holders)
        outputs = [
            run, box.run("search", "cats", "--json"), box.run("info", "--json"), box.run("list", "--json"),
            box.run("export", "out.npy", "--documents", "out.jsonl"), box.run("search", "cats", "--explain"),
        ]
        openai.incidents = [fake.limited(status=403, message=f"{fake.KEY} may not")]
        outputs.append(box.run("search", "cats"))
        openai.incidents = [fake.redirect(f"https://elsewhere/{fake.KEY}")]
        outputs.append(box.run("search", "cats"))
        wrong = {**box.environment, "OPENAI_API_KEY": fake.KEY + "\x7fx"}
        box.environment, right = wrong, box.environment
        outputs.append(box.run("search", "cats"))
        box.environment = {**right, "OPENAI_API_KEY": "sk-other"}
        outputs.append(box.run("search", "cats"))
        box.environment = right
        shown = [run for run in outputs if fake.KEY in run.stdout + run.stderr or "sk-other" in run.stdout + run.stderr]
        report.check("no output, error or JSON shows a key", not shown, shown)
        openai.incidents = [fake.silence(3)]
        process = box.start("search", "cats")
        time.sleep(1)
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if readable(path)]
        process.kill()
        process.wait()
        report.check("no command line of a process has the key", not any(fake.KEY.encode() in line for line in lines))
    with fake.Service("openai") as openai, fake.Service("openai", key=None) as stranger:
        with sandbox(chosen.embed, openai=openai) as box:
            run = box.run("index", "docs.txt", "--model", stranger.url + "#text-embedding-3-small")
            sent = [request["headers"] for request in stranger.requests]
            has_none = all("authorization" not in map(str.lower, headers) for headers in sent)
            report.check("the key of OpenAI is not sent to another server", run.code == 0 and has_none, (sent, run))


def readable(path):
    try:
        return path.read_bytes() is not None
    except OSError:
        return False
