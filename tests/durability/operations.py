"""The commands that write an index, each with the state before and the state after it."""
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .states import ALL, state
from .texts import line, write_lines
from .tool import MODEL, replace_folder

INDEX = ("--index", ".embed")
AGAIN = ("index", "texts", "--input-format", "lines", *INDEX)
FIRST = (*AGAIN, "--model", MODEL)
IMPORT = ("import", "vectors.npy", "--documents", "documents.jsonl", "--model-name", MODEL, *INDEX)
EXPORT = ("export", "--output", "vectors.npy", "--documents", "documents.jsonl", *INDEX)


@dataclass(frozen=True)
class Size:
    """How large the texts are."""

    files: int
    lines: int
    # Results of a query: all, unless that would take long.
    most: int = ALL


SMALL = Size(files=4, lines=3)
MIDDLE = Size(files=12, lines=8)
# One source with more passages than a transaction has (src/index/writer.rs).
LARGE = Size(files=1, lines=17_000, most=50)


def lines_of(seed, version, number, size):
    """Version 2 changes a third of the files, in a few lines."""
    lines = [f"{line(random.Random(f'{seed} {number} {row}'))} {row}" for row in range(size.lines)]
    if version == 2 and number % 3 == 0:
        lines[:2] = [line(random.Random(f"{seed} {number} {row} changed")) for row in range(2)]
    return lines


def write_version(place, seed, version, size):
    """Version 2 lacks the last file of version 1 and has another one, if there are several."""
    shutil.rmtree(place / "texts", ignore_errors=True)
    first = 1 if version == 2 and size.files > 1 else 0
    for number in range(first, first + size.files):
        # The last file first, so that a third of the rest changes.
        name = size.files - number
        write_lines(place / "texts" / f"{name % 2}" / f"{name}.txt", lines_of(seed, version, number, size))


def nothing(embed, place, seed, size):
    write_version(place, seed, 1, size)


def indexed(embed, place, seed, size):
    """Version 1 is in the index; version 2 is on the disk."""
    write_version(place, seed, 1, size)
    embed.must(place, *FIRST)
    write_version(place, seed, 2, size)


def updated(embed, place, seed, size):
    """Version 2 is in the index, with rows of version 1 that are not in use."""
    indexed(embed, place, seed, size)
    embed.must(place, *AGAIN)


def imported(embed, place, seed, size):
    """Vectors of version 1 were imported; the file now has those of version 2."""
    updated(embed, place, seed, size)
    embed.must(place, *EXPORT)
    second = {name: (place / name).read_bytes() for name in ("vectors.npy", "documents.jsonl")}
    shutil.rmtree(place / ".embed")
    write_version(place, seed, 1, size)
    embed.must(place, *FIRST)
    embed.must(place, *EXPORT)
    shutil.rmtree(place / ".embed")
    embed.must(place, *IMPORT)
    for name, content in second.items():
        (place / name).write_bytes(content)


@dataclass(frozen=True)
class Operation:
    """A command, and what makes the state before it."""

    name: str
    prepare: Callable
    command: tuple
    size: Size
    changes_answers: bool = True


def operations(size):
    return [
        Operation("index", nothing, FIRST, size),
        Operation("reindex", indexed, AGAIN, size),
        Operation("rebuild", updated, ("index", "--rebuild", *INDEX), size, changes_answers=False),
        Operation("compact", updated, ("compact", *INDEX), size, changes_answers=False),
        Operation("import", imported, IMPORT, size),
        Operation("remove", updated, ("remove", "texts/1", *INDEX), size),
    ]


def large_operations():
    return [Operation("large index", nothing, FIRST, LARGE), Operation("large reindex", indexed, AGAIN, LARGE)]


class Stage:
    """A working folder where one operation can be run again and again from the same state."""

    def __init__(self, embed, place, operation, seed):
        place.mkdir(parents=True)
        self.embed = embed
        self.place = place
        self.operation = operation
        operation.prepare(embed, place, seed, operation.size)
        self.saved = place.with_name(f"{place.name}-saved")
        if (place / ".embed").exists():
            shutil.copytree(place / ".embed", self.saved)
        self.old = self.state()
        self.seconds = self.measure()
        self.new = self.state()
        if (self.old.sources != self.new.sources) != operation.changes_answers:
            raise RuntimeError(f"setup: {operation.name} does not change what it should, or changes more")
        self.names = self.outside()

    def measure(self):
        """The median duration of the uninterrupted command."""
        durations = []
        for _ in range(3):
            self.reset()
            durations.append(self.embed.must(self.place, *self.operation.command).seconds)
        return sorted(durations)[1]

    def state(self):
        return state(self.embed, self.place, self.operation.size.most)

    def reset(self):
        replace_folder(self.place / ".embed", self.saved if self.saved.exists() else None)

    def outside(self):
        """Every file and folder outside the index and the home."""
        names = (path.relative_to(self.place) for path in Path(self.place).rglob("*"))
        return {str(name) for name in names if name.parts[0] not in (".embed", "home")}
