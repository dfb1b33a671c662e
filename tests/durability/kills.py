"""Killed writers: SIGKILL at a random moment of every command that writes.

Every source is then as before the command or as after it, and the same command run again gives what an
uninterrupted run gives, and leaves no other files.
"""
import random
import signal
import time

from .operations import MIDDLE, Stage, large_operations, operations
from .states import left_over, strange
from .tool import for_each, working_folder

COUNT = 200
LARGE_SHARE = 10


def check(embed, options, report):
    report.counts.update({"runs": 0, "hits": 0, "lost": 0, "wrong answers": 0, "files left": 0})
    count = options.count or COUNT
    plan = [(operation, count) for operation in operations(MIDDLE)]
    plan += [(operation, -(-count // LARGE_SHARE)) for operation in large_operations()]
    for operation, runs in plan:
        cases = [name for name in (f"{operation.name} {run}" for run in range(runs)) if name.startswith(options.case)]
        if cases:
            check_operation(embed, options, report, (operation, cases))


def check_operation(embed, options, report, subject):
    operation, cases = subject
    with working_folder() as folder:
        stages = [Stage(embed, folder / str(number), operation, options.seed)
                  for number in range(min(options.workers, len(cases)))]
        for_each(cases, options.workers, stages, lambda stage, case: kill(stage, case, options.seed, report))


def kill(stage, case, seed, report):
    moment = random.Random(f"{seed} {case}").uniform(0, stage.seconds)
    stage.reset()
    process = stage.embed.start(stage.place, *stage.operation.command)
    time.sleep(moment)
    process.kill()
    process.communicate()
    report.count("runs")
    report.count("hits", process.returncode == -signal.SIGKILL)
    what = f"killed after {moment * 1000:.1f} ms of {stage.seconds * 1000:.0f}"
    check_state(stage, case, what, report)
    finish(stage, case, what, report)


def check_state(stage, case, what, report):
    """The index as the killed run left it."""
    found = stage.state()
    lost = not found.sources and stage.old.sources
    problem = strange(found, stage.old, stage.new)
    if lost or problem:
        report.fail("lost" if lost else "wrong answers", case, f"{what}: {problem or 'no sources'}")


def finish(stage, case, what, report):
    """The same command, to its end."""
    again = stage.embed.run(stage.place, *stage.operation.command)
    if not ended_well(stage, again):
        report.fail("wrong answers", case, f"{what}: the next run: exit code {again.code}: {again.err.strip()!r}")
        return
    found = stage.state()
    if found.outputs != stage.new.outputs:
        problem = strange(found, stage.new, stage.new)
        report.fail("wrong answers", case, f"{what}: the next run leaves another state: {problem}")
    left = left_over(stage.place) + sorted(stage.outside() ^ stage.names)
    if again.code == 2 and "catalog.sqlite-journal" in left:
        # Of a commit that had not begun to write: a refused run changes nothing, the next writer removes it.
        left.remove("catalog.sqlite-journal")
    if left:
        report.fail("files left", case, f"{what}: {left}")


def ended_well(stage, again):
    """What a killed 'remove' had removed cannot be removed again, and is refused in one line."""
    removed = stage.operation.name == "remove" and "neither a source nor an id" in again.err
    return again.code == 0 or removed and again.refusal() is None
