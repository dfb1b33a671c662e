"""Full, read-only and foreign disks: a refusal in one clear line, and the index answers as before.

The full disks are file systems in memory of 20 sizes between too small and enough; mounting them needs root.
"""
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from .kills import check_state, finish
from .operations import SMALL, Stage, operations, updated
from .states import state, strange
from .tool import working_folder

SIZES = 20
ROOMY = 64 << 10
BLOCK = 4
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def check(embed, options, report):
    report.counts.update({"runs": 0, "refused": 0, "refused removals": 0, "lost": 0, "wrong answers": 0, "unclear errors": 0, "files left": 0})
    with working_folder() as folder:
        if not mount(folder, "-t", "tmpfs", "-o", f"size={ROOMY}k", "tmpfs"):
            print("disk: skipped, since mounting is not permitted")
            return
        unmount(folder)
        # A user that is nobody must reach the folder and the binary.
        folder.chmod(0o755)
        for operation in operations(SMALL):
            if operation.name.startswith(options.case.split(" ")[0]):
                full_disks(embed, folder / operation.name, operation, options, report)
        for part in (read_only, foreign):
            if part.__name__.startswith(options.case.split(" ")[0]):
                part(embed, folder / part.__name__, options, report)


def mount(target, *arguments):
    return subprocess.run(["mount", *arguments, str(target)], capture_output=True).returncode == 0


def unmount(target):
    subprocess.run(["umount", str(target)], check=True)


# Full disks.

def full_disks(embed, target, operation, options, report):
    target.mkdir()
    if not mount(target, "-t", "tmpfs", "-o", f"size={ROOMY}k", "tmpfs"):
        raise RuntimeError("setup: cannot mount a second time")
    try:
        stage = Stage(embed, target / "work", operation, options.seed)
        enough = smallest_room(stage, target)
        for number in range(SIZES):
            room = enough * number // (SIZES - 1) // BLOCK * BLOCK
            case = f"{operation.name} {room} KiB"
            if case.startswith(options.case):
                full_disk(stage, target, (case, room), report)
    finally:
        unmount(target)


def smallest_room(stage, target):
    """A power of two of KiB in which the command succeeds."""
    room = BLOCK
    while run_in(stage, target, room).code != 0:
        room *= 2
    return room


def run_in(stage, target, room):
    """Runs the command with `room` KiB free, then makes room again."""
    stage.reset()
    disk = os.statvfs(target)
    used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize >> 10
    resize(target, used + room)
    try:
        return stage.embed.run(stage.place, *stage.operation.command)
    finally:
        stage.full = stage.state()
        resize(target, ROOMY)


def resize(target, size):
    subprocess.run(["mount", "-o", f"remount,size={size}k", str(target)], check=True)


def full_disk(stage, target, subject, report):
    case, room = subject
    outcome = run_in(stage, target, room)
    report.count("runs")
    report.count("refused", outcome.code == 2)
    what = f"{room} KiB free, exit code {outcome.code}"
    if outcome.code != 0 and outcome.refusal():
        report.fail("unclear errors", case, outcome.refusal())
    if stage.operation.name == "remove":
        report.expect(outcome.code == 0, "refused removals", case, "the reserve of the index was not enough")
    problem = strange(stage.full, stage.old, stage.new)
    if problem:
        report.fail("wrong answers", case, f"{what}: while the disk is full: {problem}")
    check_state(stage, case, what, report)
    finish(stage, case, what, report)


# Disks that refuse.

def read_only(embed, place, options, report):
    stage_in = prepare(embed, place, options.seed)
    if not (mount(place, "--bind", str(place)) and mount(place, "-o", "remount,bind,ro")):
        raise RuntimeError("setup: cannot mount read-only")
    try:
        refuses(embed, stage_in, "read_only", report)
    finally:
        unmount(place)


def foreign(embed, place, options, report):
    stage_in = prepare(embed, place, options.seed)
    # The binary may lie where nobody may not look.
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        binary = Path(name) / "embed"
        subprocess.run(["cp", embed.binary, binary], check=True)
        for folder in ("home", "tmp"):
            os.chown(place / folder, 65534, 65534)
        refuses(As(embed, binary), stage_in, "foreign", report)


class As:
    """The embed of another user."""

    def __init__(self, embed, binary):
        self.embed = type(embed)(binary)

    def run(self, folder, *arguments):
        return self.embed.run(folder, *arguments, prefix=NOBODY)


def prepare(embed, place, seed):
    """An index, version 3 of its texts for the commands, and its answers."""
    place.mkdir()
    updated(embed, place, seed, SMALL)
    embed.must(place, "export", "--output", "vectors.npy", "--documents", "documents.jsonl", "--index", ".embed")
    next((place / "texts").rglob("*.txt")).write_text("the dog in the rain\n")
    return place, state(embed, place), content(place)


def content(place):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (place / ".embed").iterdir()}


def refuses(embed, subject, case, report):
    place, expected, files = subject
    found = state(embed, place)
    if found.faults or found.outputs != expected.outputs:
        report.fail("wrong answers", case, f"search and list: {found.faults or 'other answers'}")
    for operation in operations(SMALL)[1:]:
        outcome = embed.run(place, *operation.command)
        report.count("runs")
        report.count("refused", outcome.code == 2)
        if outcome.refusal():
            report.fail("unclear errors", f"{case} {operation.name}", outcome.refusal())
    report.expect(content(place) == files, "wrong answers", case, "the files of the index have changed")
