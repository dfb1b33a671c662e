"""strace: which system calls touch an index, and failures at chosen ones."""
import re
from collections import Counter

NAMES = ["catalog.sqlite", "catalog.sqlite-journal", "catalog.sqlite.new", "catalog.sqlite.new-journal", "writer.lock"]
GENERATIONS = range(1, 6)
KINDS = ("f32", "i6", "i2", "crc")
CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)")
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>")


def paths(place):
    """Every path of the index as embed may spell it: strace compares spellings."""
    names = NAMES + [f"vectors-{number}.{kind}{new}" for number in GENERATIONS
                     for kind in KINDS for new in ("", ".new")]
    folders = (".embed", f"{place}/.embed")
    return [*folders, ".embed/..", str(place), *(f"{folder}/{name}" for folder in folders for name in names)]


def prefix(place, calls, injection=None):
    """The command that traces `calls` on the index into the file `trace` and may make one of them fail."""
    command = ["strace", "-f", "-qqq", "-y", "-s", "0", "-o", str(place / "tmp" / "trace"), "-e", f"trace={','.join(calls)}"]
    if injection:
        command += ["-e", f"inject={injection}"]
    return command + [argument for path in paths(place) for argument in ("-P", path)]


def take_trace(place):
    """The lines of the trace, which is then removed."""
    path = place / "tmp" / "trace"
    lines = path.read_text(errors="replace").splitlines()
    path.unlink()
    return lines


def counted(lines):
    """The most calls of each kind that one thread made: strace counts for each thread."""
    counts = Counter(match.group(1, 2) for match in map(CALL.match, lines) if match)
    most = Counter()
    for (_, call), number in counts.items():
        most[call] = max(most[call], number)
    return most
