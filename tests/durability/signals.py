"""Signals that end a run: it ends soon and with the code that a shell expects, and leaves nothing behind."""
import random
import signal
import time

from .operations import AGAIN, FIRST, INDEX, Operation, Size, Stage, indexed, nothing, updated
from .states import strange
from .tool import MODEL, for_each, working_folder

COUNT = 4
# Runs take about a second.
LONG = Size(files=1, lines=10_000, most=50)
LONGEST_END = 2
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
OLD_OUTPUT = "an older file\n"
OUTPUT = "output.jsonl"
SEARCH = ("search", "rain", "texts", "--input-format", "lines", "--model", MODEL)
OPERATIONS = [
    Operation("index", nothing, FIRST, LONG),
    Operation("reindex", indexed, AGAIN, LONG),
    Operation("rebuild", updated, ("index", "--rebuild", *INDEX), LONG, changes_answers=False),
    Operation("export", updated, ("export", "--output", OUTPUT, *INDEX), LONG, changes_answers=False),
    Operation("search", updated, SEARCH, LONG, changes_answers=False),
]


def check(embed, options, report):
    report.counts.update({"runs": 0, "hits": 0, "late ends": 0, "wrong codes": 0, "wrong answers": 0, "files left": 0})
    # A shell that starts this script in the background has it ignore SIGINT, and embed would inherit that.
    handlers = {name: signal.signal(signal.Signals[name], signal.SIG_DFL) for name in CODES}
    try:
        for operation in OPERATIONS:
            cases = [f"{operation.name} {name} {number}" for name in CODES for number in range(options.count or COUNT)]
            cases = [case for case in cases if case.startswith(options.case)]
            if cases:
                check_operation(embed, operation, cases, (options, report))
    finally:
        for name, handler in handlers.items():
            signal.signal(signal.Signals[name], handler)


def check_operation(embed, operation, cases, settings):
    options, report = settings
    with working_folder() as folder:
        stages = [Stage(embed, folder / str(number), operation, options.seed) for number in range(options.workers)]
        for stage in stages:
            output = stage.place / OUTPUT
            stage.output = output.read_text() if output.exists() else None
            output.write_text(OLD_OUTPUT)
            stage.names = stage.outside()
        for_each(cases, options.workers, stages, lambda stage, case: interrupt(stage, case, options.seed, report))


def interrupt(stage, case, seed, report):
    name = case.split(" ")[1]
    moment = random.Random(f"{seed} {case}").uniform(0.02, max(0.03, stage.seconds))
    stage.reset()
    (stage.place / OUTPUT).write_text(OLD_OUTPUT)
    process = stage.embed.start(stage.place, *stage.operation.command)
    time.sleep(moment)
    process.send_signal(signal.Signals[name])
    sent = time.monotonic()
    process.communicate()
    seconds = time.monotonic() - sent
    code = 128 - process.returncode if process.returncode < 0 else process.returncode
    report.count("runs")
    if code == 0:
        report.count("ended by themselves")
        return
    what = f"after {moment * 1000:.0f} ms of {stage.seconds * 1000:.0f}"
    report.count("hits")
    report.expect(code == CODES[name], "wrong codes", case, f"{what}: a shell sees {code}")
    report.expect(seconds <= LONGEST_END, "late ends", case, f"{what}: it ends {seconds:.1f} s later")
    check_rest(stage, case, what, report)


def check_rest(stage, case, what, report):
    problem = strange(stage.state(), stage.old, stage.new)
    report.expect(not problem, "wrong answers", case, f"{what}: {problem}")
    whole = (stage.place / OUTPUT).read_text() in (OLD_OUTPUT, stage.output)
    report.expect(whole, "wrong answers", case, f"{what}: {OUTPUT} is neither the old file nor the new one")
    left = sorted(stage.outside() ^ stage.names)
    report.expect(not left, "files left", case, f"{what}: {left}")
    for name in set(left) - stage.names:
        (stage.place / name).unlink()
