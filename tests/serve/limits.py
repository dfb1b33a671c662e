"""Requests that are too large, too slow, too many, wrong or hostile: each gets its stated answer, in bounded memory."""

import threading
from contextlib import contextmanager, nullcontext

from . import access, answers, bodies, slow, sockets, stopping
from .tool import Watch, sandbox, serving

MOST_MEMORY = 400
MOST_SECONDS = 600


def check(chosen, report):
    with sandbox(chosen.embed) as box:
        with serving(box, report, "--index", ".embed") as server, Watch(server) as watch:
            for part in (access.check, bodies.check, slow.check, stopping.left):
                # Slow clients have searches of their own beside them.
                with searching(server, report) if part is bodies.check else nullcontext():
                    report.step(part, server, report)
                name = f"{part.__module__.removeprefix('serve.')}.{part.__name__}"
                report.note(f"{name}: {watch.since_last():.0f} MiB at most, {server.memory()[0]:.0f} MiB after it")
            answer = server.get("/search", q="bees", k=3)
            report.check(
                "after all of it a search is answered", answer.status == 200 and len(answer.json()["results"]) == 3, answer
            )
            anonymous, peak = watch.most()
            report.check(f"memory stays under {MOST_MEMORY} MB", anonymous < MOST_MEMORY * 1e6 / 2**20, f"{anonymous:.0f} MiB")
            report.note(
                f"the most memory: {anonymous:.0f} MiB of its own (RssAnon), {peak:.0f} MiB with files that it maps (VmHWM)"
            )
        for part in (access.keys, access.origins, slow.waiting):
            report.step(part, box, report)
        for part in (stopping.check, sockets.check, answers.check):
            part(box, report)


@contextmanager
def searching(server, report):
    """Searches every half second."""
    done = threading.Event()
    arguments = (slow.beside, server, report, "large and wrong bodies", lambda: not done.is_set(), MOST_SECONDS)
    thread = threading.Thread(target=report.step, args=arguments, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(slow.SLACK)
