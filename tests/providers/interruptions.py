"""A run that is killed half-way is resumed, and what was committed is not paid again."""
import json
import time

from . import fake
from .tool import OPENAI, sandbox

TEXTS = 40_000


def check(chosen, report):
    report.section("interruptions")
    with fake.Service("openai", latency=0.3, cheap=True) as openai, sandbox(chosen.embed, openai=openai) as box:
        box.write("many.txt", "".join(f"text number {number}\n" for number in range(TEXTS)))
        process = box.start("index", "many.txt", "--model", OPENAI)
        while len(openai.requests) < 13 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        first = sent(openai)
        time.sleep(0.5)
        openai.requests.clear()
        run = box.run("index", "many.txt")
        second = sent(openai)
        repeated = len(first & second)
        # Not committed are the last batch, and what was under way: at most 8,192 texts each.
        report.check(
            f"{len(first)} of {TEXTS} texts were sent before the kill, {repeated} again after it",
            run.code == 0 and first | second >= texts() and 0 < repeated < len(first) and repeated <= 2 * 8192,
            run,
        )
        openai.requests.clear()
        run = box.run("index", "many.txt")
        report.check("nothing is sent for an index that is up to date", "1 unchanged" in run.stderr and not openai.requests, run)


def texts():
    return {f"text number {number}" for number in range(TEXTS)}


def sent(service):
    return {text for request in service.requests for text in json.loads(request["body"])["input"]}
