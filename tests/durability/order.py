"""The order of writes and syncs in one traced run: what a power cut must not reorder is separated by a sync.

Rows are written and synced before the catalog's journal is synced; then the catalog is written and synced, the
journal deleted, the folder synced, and only then are files of the old generation deleted.
"""
import re
from dataclasses import dataclass

from . import tracing
from .operations import SMALL, Stage, operations
from .tool import working_folder

CALLS = ["write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "openat"]
PATH = re.compile(r"<([^>]*)>|\"([^\"]*)\"")
SYNCS = ("fsync", "fdatasync")
WRITES = ("write", "pwrite64", "ftruncate")


@dataclass(frozen=True)
class Event:
    """A call that succeeded, and the name that it touched within the index folder ('.' is the folder)."""

    call: str
    name: str
    target: str = ""


def events(lines):
    found = []
    for line in lines:
        match = tracing.CALL.match(line)
        if not match or " = -1 " in line:
            continue
        call, rest = match.group(2, 3)
        names = [name for pair in PATH.findall(rest) for name in pair if ".embed" in name]
        if names and (call != "openat" or "O_TRUNC" in rest):
            found.append(Event(call, short(names[0]), short(names[-1])))
    return found


def short(path):
    return path.rsplit("/.embed", 1)[-1].removeprefix(".embed").strip("/") or "."


class Trace:
    """Events in the order in which they happened, with positions."""

    def __init__(self, found):
        self.events = list(enumerate(found))

    def where(self, calls, name):
        pattern = re.compile(name)
        return [at for at, event in self.events if event.call in calls and pattern.fullmatch(event.name)]

    def writes(self, name):
        return self.where(WRITES, name)

    def syncs(self, name):
        return self.where(SYNCS, name)

    def deletions(self, name):
        return self.where(("unlink",), name)

    def between(self, positions, start, end):
        return any(start < at < end for at in positions)


ROWS = r"vectors-\d+\.\w+"
CATALOG = r"catalog\.sqlite"
JOURNAL = r"catalog\.sqlite-journal"


def rows_are_synced(trace):
    """Every write of rows is followed by a sync of that file before the next write to the catalog."""
    for at, event in trace.events:
        if event.call in WRITES and re.fullmatch(ROWS, event.name):
            commits = [write for write in trace.writes(CATALOG) + renames(trace) if write > at]
            if commits and not trace.between(trace.syncs(re.escape(event.name)), at, min(commits)):
                return f"{event.name} is written but not synced before the catalog names its rows"
    return None


def journal_is_synced(trace):
    """The journal is synced after its last write and before the catalog is written."""
    for start, end in commits(trace):
        writes = [at for at in trace.writes(JOURNAL) if at < start]
        if not writes or not trace.between(trace.syncs(JOURNAL), writes[-1], start):
            return "the catalog is written before its journal is synced"
    return None


def new_journal_is_named(trace):
    """The folder is synced between the journal's first write and the catalog's, so that the journal has its name."""
    for start, _ in commits(trace):
        deletions = [at for at in trace.deletions(JOURNAL) if at < start]
        first = min(at for at in trace.writes(JOURNAL) if at > max(deletions, default=-1))
        if not trace.between(trace.syncs(r"\."), first, start):
            return "the catalog is written before the folder of its journal is synced"
    return None


def catalog_is_synced(trace):
    """The catalog is synced after its last write and before its journal is deleted."""
    for _, end in commits(trace):
        writes = [at for at in trace.writes(CATALOG) if at < end]
        if not trace.between(trace.syncs(CATALOG), writes[-1], end):
            return "the journal is deleted before the catalog is synced"
    return None


def deletion_is_synced(trace):
    """The folder is synced after the journal is deleted, before the next commit and before the run ends."""
    ends = [end for _, end in commits(trace)]
    for end, following in zip(ends, [start for start, _ in commits(trace)][1:] + [len(trace.events)]):
        if not trace.between(trace.syncs(r"\."), end, following):
            return "the journal is deleted, but the folder is not synced: a power cut may bring the journal back"
    return None


def new_catalog_is_synced(trace):
    """A new catalog and its rows are synced before it gets its name."""
    for rename in renames(trace):
        writes = [at for at in trace.writes(r"catalog\.sqlite\.new") if at < rename]
        if writes and not trace.between(trace.syncs(r"catalog\.sqlite\.new"), writes[-1], rename):
            return "the new catalog gets its name before it is synced"
    return None


def name_is_synced(trace):
    """The folder is synced after a new catalog got its name."""
    for rename in renames(trace):
        if not trace.between(trace.syncs(r"\."), rename, len(trace.events)):
            return "the new catalog got its name, but the folder is not synced"
    return None


def new_files_are_named(trace):
    """The folder is synced after files of rows are created and before a catalog names them."""
    for at, event in trace.events:
        if event.call == "openat" and re.fullmatch(ROWS, event.name):
            following = [commit for commit in trace.writes(CATALOG) + renames(trace) if commit > at]
            if following and not trace.between(trace.syncs(r"\."), at, min(following)):
                return f"{event.name} is created, but its name is not synced before the catalog names it"
    return None


def old_files_go_last(trace):
    """Rows of the old generation are deleted only after the folder is synced behind the commit that left them."""
    commit_ends = [end for _, end in commits(trace)] + renames(trace)
    for deletion in trace.deletions(ROWS):
        before = [at for at in commit_ends if at < deletion]
        if before and not trace.between(trace.syncs(r"\."), max(before), deletion):
            return "rows of the old generation are deleted before the folder is synced"
    return None


def old_files_go(trace):
    """The run that leaves a generation deletes its rows."""
    return None if trace.deletions(r"vectors-\d+\.f32") else "the old generation's rows are not deleted"


def renames(trace):
    return [at for at, event in trace.events if event.call == "rename" and event.target == "catalog.sqlite"]


def commits(trace):
    """(first write to the catalog, deletion of the journal) of each transaction."""
    found, writes = [], trace.writes(CATALOG)
    for end in trace.deletions(JOURNAL):
        begun = [at for at in writes if at < end and (not found or at > found[-1][1])]
        if begun:
            found.append((begun[0], end))
    return found


ALWAYS = [rows_are_synced, journal_is_synced, new_journal_is_named, catalog_is_synced, deletion_is_synced,
          new_catalog_is_synced, name_is_synced, new_files_are_named, old_files_go_last]
ASSERTIONS = {"index": ALWAYS, "reindex": ALWAYS, "rebuild": [*ALWAYS, old_files_go], "compact": [*ALWAYS, old_files_go],
              "import": ALWAYS, "remove": ALWAYS}


def check(embed, options, report):
    report.counts.update({"assertions": 0, "broken": 0})
    for operation in operations(SMALL):
        if operation.name.startswith(options.case.split(" ")[0]):
            with working_folder() as folder:
                check_operation(Stage(embed, folder / "work", operation, options.seed), options, report)


def check_operation(stage, options, report):
    stage.reset()
    prefix = tracing.prefix(stage.place, CALLS)
    stage.embed.must(stage.place, *stage.operation.command, prefix=prefix)
    trace = Trace(events(tracing.take_trace(stage.place)))
    for assertion in ASSERTIONS[stage.operation.name]:
        case = f"{stage.operation.name} {assertion.__name__}"
        if case.startswith(options.case):
            report.count("assertions")
            problem = assertion(trace)
            report.expect(not problem, "broken", case, f"{problem} (\"{assertion.__doc__}\")")
