"""What an index answers, and whether that is a state that was committed."""
import json
import re
from dataclasses import dataclass, field

QUERIES = ("old king", "rain", "green house market", "the dog")
CLEAN_NAME = re.compile(r"catalog\.sqlite|writer\.lock|reserve|vectors-\d+\.\w+")


@dataclass
class State:
    """The answers of an index as a whole and for each source; empty where there is no index."""

    outputs: dict = field(default_factory=dict)
    sources: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)


def records(output):
    return [json.loads(line) for line in output.split("\n") if line]


def without_index(record):
    """Scores by words and by both depend on all sources: they are compared as a whole only."""
    return record["query"], record["id"], record["text"]


ALL = 1000


def state(embed, place, most=ALL):
    """Opens the index of `place` with every command that reads, and keeps what they answer.

    Where only the best results are compared, words are not: equal scores would decide which are among the best.
    """
    ways = ("meaning", "words", "both") if most == ALL else ("meaning", "both")
    queries = place / "queries.txt"
    # Once: the disk may be full or read-only.
    if not queries.exists():
        queries.write_text("".join(f"{query}\n" for query in QUERIES))
    commands = {by: ("search", "--queries", "queries.txt", "--by", by, "-k", most, "--jsonl")
                for by in ways}
    commands |= {"list": ("list", "--json"), "info": ("info", "--json")}
    runs = {name: embed.run(place, *command, "--index", ".embed") for name, command in commands.items()}
    refused = [name for name, run in runs.items() if run.code not in (0, 1)]
    if refused:
        return refused_state(runs, refused)
    # Sizes and generations may differ between indexes that answer alike.
    listed = json.loads(runs["list"].out)["sources"]
    ranked = {by: records(runs[by].out) for by in ways}
    outputs = {"list": listed} | {by: without_ties(found) for by, found in ranked.items()}
    return State(outputs, by_source(listed, ranked))


def without_ties(found):
    """Equal scores rank in the order of rows, which is another one after a rebuild."""
    found = [{name: value for name, value in record.items() if name != "rank"} for record in found]
    return sorted(found, key=lambda record: (record["query_line"], -record["score"], record["id"]))


def refused_state(runs, refused):
    faults = [f"{name}: {runs[name].refusal()}" for name in refused if runs[name].refusal()]
    if len(refused) < len(runs):
        faults.append(f"only {', '.join(refused)} refused: {runs[refused[0]].err.strip()[-200:]!r}")
    return State(faults=faults)


def by_source(listed, ranked):
    sources = {record["source"]: {"list": record, "meaning": [], "words": set()} for record in listed}
    for record in ranked["meaning"]:
        found = sources.setdefault(record["source"], {"list": None, "meaning": [], "words": set()})
        found["meaning"].append((*without_index(record), record["score"]))
    for record in ranked.get("words", ()):
        sources.setdefault(record["source"], {"list": None, "meaning": [], "words": set()})
        sources[record["source"]]["words"].add(without_index(record))
    return sources


def strange(found, old, new):
    """Why `found` is not a committed state between `old` and `new`; None where it is."""
    if found.faults:
        return "; ".join(found.faults)
    for name in sorted({*found.sources, *old.sources, *new.sources}):
        if found.sources.get(name) not in (old.sources.get(name), new.sources.get(name)):
            return f"{name} is neither as before nor as after: {difference(name, found, old, new)}"
    alike = [whole for whole in (old, new) if found.sources == whole.sources and whole.sources]
    if alike and all(found.outputs != whole.outputs for whole in alike):
        names = [name for name in found.outputs if found.outputs[name] != alike[-1].outputs[name]]
        return f"the sources are those of a committed state, but not the answers of {names}"
    return None


def difference(name, found, old, new):
    def summary(which):
        source = which.sources.get(name)
        return source and (source["list"], len(source["meaning"]), len(source["words"]))

    return f"found {summary(found)}, before {summary(old)}, after {summary(new)}"


def left_over(place):
    """Names in the index folder beyond one generation, and temporary files."""
    names = sorted(path.name for path in (place / ".embed").iterdir())
    strange_names = [name for name in names if not CLEAN_NAME.fullmatch(name)]
    generations = {name.split(".")[0] for name in names if name.startswith("vectors-")}
    if len(generations) > 1:
        strange_names.append(f"{len(generations)} generations")
    temporary = [str(path.relative_to(place)) for path in (place / "tmp").iterdir()]
    return strange_names + temporary + [path.name for path in place.glob(".embed-*")]
