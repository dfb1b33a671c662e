"""Failing system calls: every write, sync, rename, removal and map of an index fails once, or is its process's last.

A failure gets one clear line; the index then answers as before the command or as after it, and the next run ends
well and leaves no other files. strace counts calls for each thread, and threads share work differently from run
to run: a call that was not reached counts as missed.
"""
import random
import signal

from . import tracing
from .kills import check_state, finish
from .operations import INDEX, SMALL, Stage, operations, updated
from .tool import for_each, working_folder

WRITING = ["write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "ftruncate", "unlink", "unlinkat"]
READING = ["openat", "read", "pread64", "mmap", "fstat", "fcntl", "flock"]
FAILURES = ("error=EIO", "error=ENOSPC")
KILL = "signal=SIGKILL"
SEARCH = ("search", "rain", "-k", 12, "--jsonl", *INDEX)


def check(embed, options, report):
    report.counts.update({"runs": 0, "hits": 0, "lost": 0, "wrong answers": 0, "unclear errors": 0, "files left": 0})
    for operation in operations(SMALL):
        with working_folder(in_memory=True) as folder:
            stages = [Stage(embed, folder / str(number), operation, options.seed) for number in range(options.workers)]
            run_cases(stages, operation.name, operation.command, fail_writer, (options, report))
    with working_folder(in_memory=True) as folder:
        stages = [Reading(embed, folder / str(number), options.seed) for number in range(options.workers)]
        run_cases(stages, "search", SEARCH, fail_reader, (options, report))


class Reading:
    """An index that is only searched."""

    def __init__(self, embed, place, seed):
        place.mkdir()
        self.embed = embed
        self.place = place
        updated(embed, place, seed, SMALL)
        self.expected = embed.must(place, *SEARCH)

    def reset(self):
        """A search changes nothing."""


def run_cases(stages, name, command, test, settings):
    options, report = settings
    calls = READING if name == "search" else [*WRITING, "mmap"]
    cases = [case for case in cases_of(stages[0], name, command, calls, options) if case_name(case).startswith(options.case)]

    def run(stage, case):
        injection = f"{case[1]}:{case[2]}:when={case[3]}"
        stage.reset()
        outcome = stage.embed.run(stage.place, *command, prefix=tracing.prefix(stage.place, [case[1]], injection))
        trace = tracing.take_trace(stage.place)
        hit = outcome.code == -signal.SIGKILL or any("(INJECTED)" in line for line in trace)
        report.count("runs")
        report.count("hits" if hit else "missed")
        test(stage, case_name(case), outcome, report)

    for_each(cases, options.workers, stages, run)


def case_name(case):
    return " ".join(map(str, case))


def cases_of(stage, name, command, calls, options):
    """(operation, call, failure, number of the call) for every call on the index."""
    stage.reset()
    stage.embed.must(stage.place, *command, prefix=tracing.prefix(stage.place, calls))
    most = tracing.counted(tracing.take_trace(stage.place))
    for call in calls:
        failures = FAILURES if call in READING else (*FAILURES, KILL)
        for failure in failures:
            numbers = range(1, most[call] + 1)
            if options.count and options.count < len(numbers):
                numbers = sorted(random.Random(f"{options.seed} {name} {call} {failure}").sample(numbers, options.count))
            yield from ((name, call, failure, number) for number in numbers)


def fail_writer(stage, case, outcome, report):
    if outcome.code not in (0, -signal.SIGKILL):
        problem = outcome.refusal()
        if problem:
            report.fail("unclear errors", case, problem)
    if outcome.code == 0 and stage.state().outputs != stage.new.outputs:
        report.fail("wrong answers", case, "the run ended well, but the index is not as after it")
    check_state(stage, case, f"exit code {outcome.code}", report)
    finish(stage, case, f"exit code {outcome.code}", report)


def fail_reader(stage, case, outcome, report):
    if (outcome.code, outcome.out) == (stage.expected.code, stage.expected.out):
        return
    if outcome.out:
        report.fail("wrong answers", case, "another answer")
    elif outcome.refusal():
        report.fail("unclear errors", case, outcome.refusal())
