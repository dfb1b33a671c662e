"""Damaged files: a search never answers from them as if they were whole.

Every byte is flipped, every length cut, pages are zeroed and swapped, files are exchanged, left out and added, and
fields of headers changed under a checksum that fits. `--count` limits flips and cuts to a sample of each file.

A second index has so many rows that a search reads their codes first; always a sample of it is damaged.
"""
import array
import itertools
import random
import resource
import shutil
import zlib
from collections import Counter
from dataclasses import dataclass

from .texts import line, write_lines
from .tool import MODEL, for_each, working_folder

PAGE = 4096
MEMORY = 2 << 30
QUERIES = (("--by", "meaning", "old king"), ("--by", "words", "rain night"), ("--by", "both", "green house market"))
# Rows x dimension just above VALUES_FOR_ONE_PASS (src/scan/search.rs).
LARGE_ROWS, LARGE_DIMENSION, LARGE_SAMPLE = 2800, 384, 150
RESERVE_SAMPLE = 50
MOST_PAGES = 200
JUNK = (1, 16, PAGE, 5000)
ADDED = ("catalog.sqlite-journal", "catalog.sqlite-wal", "catalog.sqlite-shm", "catalog.sqlite.new", "vectors-2.f32")
VERDICTS = ("detected", "found by verify", "harmless", "wrong, found by verify", "wrong")

# The fields of src/index/header.rs: offset, bytes, and values besides 0 and the largest.
FIELDS = {
    "magic": (0, 8, ()), "version": (8, 4, (2,)), "kind": (12, 4, (1, 2, 3, 4, 5)),
    "dimension": (16, 4, (1, 31, 33, 64, 1 << 31, (1 << 30) + 32)), "reserved": (20, 4, (1,)),
    "generation": (24, 8, (2, 1 << 63)), "index": (32, 16, ()), "padding": (48, 4, (1,)),
}


@dataclass(frozen=True)
class Case:
    """One fault: a kind, the file, and numbers."""

    kind: str
    file: str
    numbers: tuple = ()

    def name(self):
        return " ".join([self.kind, self.file, *map(str, self.numbers)])


class Place:
    """A worker's copy of the index."""

    def __init__(self, folder, original, other):
        self.folder = folder
        self.files = {path.name: path.read_bytes() for path in sorted(original.iterdir())}
        self.other = {path.name: path.read_bytes() for path in sorted(other.iterdir())}
        shutil.copytree(original, folder / ".embed")
        for vectors in original.parent.glob("*.npy"):
            shutil.copy(vectors, folder)

    def put(self, case, seed):
        path = self.folder / ".embed" / case.file
        content = damaged(case, self, seed)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)

    def restore(self, case):
        if case.kind != "added":
            (self.folder / ".embed" / case.file).write_bytes(self.files[case.file])
            return
        # What looks like a journal makes a reader write to the catalog.
        for path in (self.folder / ".embed").iterdir():
            path.unlink()
        for name, content in self.files.items():
            (self.folder / ".embed" / name).write_bytes(content)


def damaged(case, place, seed):
    """The content of the damaged file; None where it is missing."""
    content = bytearray(place.files.get(case.file, b""))
    generator = random.Random(f"{seed} {case.name()}")
    if case.kind == "flip":
        content[case.numbers[0]] ^= 1 << generator.randrange(8)
    elif case.kind == "cut":
        del content[case.numbers[0]:]
    elif case.kind in ("junk", "added"):
        content += generator.randbytes(case.numbers[0])
    elif case.kind == "zero":
        start = case.numbers[0] * PAGE
        content[start:start + PAGE] = bytes(len(content[start:start + PAGE]))
    elif case.kind == "exchange":
        first, second = (slice(page * PAGE, page * PAGE + PAGE) for page in case.numbers)
        content[first], content[second] = content[second], content[first]
    elif case.kind == "foreign":
        return place.other[case.file]
    elif case.kind == "missing":
        return None
    else:
        set_field(content, *case.numbers)
    return bytes(content)


def set_field(content, name, value):
    offset, size, _ = FIELDS[name]
    content[offset:offset + size] = value.to_bytes(size, "little")
    content[PAGE - 4:PAGE] = zlib.crc32(content[:PAGE - 4]).to_bytes(4, "little")


def sample(generator, numbers, count):
    return numbers if count is None or count >= len(numbers) else sorted(generator.sample(numbers, count))


def cases_of(name, content, generator, count):
    if name == "reserve":
        # Nobody reads it.
        count = min(count or RESERVE_SAMPLE, RESERVE_SAMPLE)
    yield Case("missing", name)
    yield from (Case("junk", name, (size,)) for size in JUNK)
    for kind in ("flip", "cut"):
        yield from (Case(kind, name, (at,)) for at in sample(generator, range(len(content)), count))
    if content:
        yield Case("foreign", name)
    pages = range(-(-len(content) // PAGE))
    yield from (Case("zero", name, (page,)) for page in sample(generator, pages, MOST_PAGES))
    pairs = list(itertools.combinations(range(len(content) // PAGE), 2))
    yield from (Case("exchange", name, pair) for pair in sample(generator, pairs, MOST_PAGES))
    if name.startswith("vectors-"):
        yield from header_cases(name)


def added_cases():
    """Files that an index does not have; an empty one, and junk."""
    return [Case("added", name, (size,)) for name in ADDED for size in (0, *JUNK)]


def header_cases(name):
    for field, (_, size, more) in FIELDS.items():
        for value in (0, (1 << 8 * size) - 1, *more):
            yield Case("header", name, (field, value))


def search(embed, folder, query):
    return embed.run(folder, "search", *query, "-k", 12, "--jsonl", "--index", ".embed")


def build(embed, folder, generator):
    """An index of a dozen texts, whose shape does not depend on the seed."""
    for number in range(3):
        write_lines(folder / "texts" / f"{number}.txt", [line(generator) for _ in range(4)])
    embed.must(folder, "index", "texts", "--input-format", "lines", "--model", MODEL, "--index", ".embed")
    return folder / ".embed"


def write_vectors(path, generator, rows):
    """Rows in groups, so that the best rows of a query score almost alike and their codes decide."""
    centers = [[generator.gauss(0, 1) for _ in range(LARGE_DIMENSION)] for _ in range(8)]
    values = array.array("f", (value + generator.gauss(0, 0.3) for row in range(rows) for value in centers[row % 8]))
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {LARGE_DIMENSION}), }}".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes())


def build_large(embed, folder, generator):
    """An index of vectors alone, and three queries of vectors."""
    write_vectors(folder / "vectors.npy", generator, LARGE_ROWS)
    for number in range(3):
        write_vectors(folder / f"query{number}.npy", generator, 1)
    embed.must(folder, "import", "vectors.npy", "--model-name", "none", "--index", ".embed")
    (folder / "vectors.npy").unlink()
    return folder / ".embed"


def fault(outcome, expected):
    """What is wrong with an answer; None where it is refused or right."""
    if outcome.code == expected.code and outcome.out == expected.out:
        return None
    if outcome.code == 2 and outcome.out == "":
        return outcome.refusal()
    if outcome.code in (0, 1):
        return f"another answer with exit code {outcome.code}"
    return f"exit code {outcome.code}: {outcome.err.strip()[-200:]!r}"


class Judge:
    """Classifies faults, and counts the verdicts for each file."""

    def __init__(self, embed, place, options, report, label, queries):
        self.embed = embed
        self.seed = options.seed
        self.report = report
        self.label = label
        self.queries = queries
        self.expected = [search(embed, place.folder, query) for query in queries]
        self.verifies = embed.run(place.folder, "verify", "--help").code == 0
        self.table = Counter()
        if self.verified(place)[0]:
            report.fail("wrong", f"{label}whole", "verify finds a fault in a whole index")

    def test(self, place, case):
        place.put(case, self.seed)
        try:
            verdict, detail = self.verdict(place)
        finally:
            place.restore(case)
        self.table[case.file, case.kind, verdict] += 1
        self.report.count(verdict)
        if detail:
            self.report.fail(f"wrong by {case.kind}", f"{self.label}{case.name()}", detail)

    def verdict(self, place):
        outcomes = [search(self.embed, place.folder, query) for query in self.queries]
        faults = [(query, fault(outcome, expected))
                  for query, outcome, expected in zip(self.queries, outcomes, self.expected)]
        faults = [f"{' '.join(query[:2])}: {what}" for query, what in faults if what]
        if not faults and any(outcome.code == 2 for outcome in outcomes):
            return "detected", None
        found, complaint = self.verified(place)
        if complaint:
            faults.append(complaint)
        if faults:
            return "wrong, found by verify" if found else "wrong", "; ".join(faults)
        return "found by verify" if found else "harmless", None

    def verified(self, place):
        """Whether verify finds the fault, and what is wrong with how it says so."""
        if not self.verifies:
            return False, None
        outcome = self.embed.run(place.folder, "verify", "--index", ".embed")
        if outcome.code == 0:
            return False, None
        if outcome.code == 2 and (outcome.out.strip() or outcome.refusal() is None):
            return True, None
        return True, f"verify: exit code {outcome.code}: {outcome.err.strip()[-200:]!r}"

    def print_table(self):
        print(f"{self.label + 'file':22} {'fault':9} {'cases':>6}" + "".join(f"  {verdict}" for verdict in VERDICTS))
        for file, kind in sorted({key[:2] for key in self.table}):
            numbers = [self.table[file, kind, verdict] for verdict in VERDICTS]
            cells = "".join(f"  {number:>{len(verdict)}}" for number, verdict in zip(numbers, VERDICTS))
            print(f"{self.label + file:22} {kind:9} {sum(numbers):>6}{cells}")
        if not self.verifies:
            print("this embed has no 'verify': harmless means harmless for search")


def check(embed, options, report):
    limits = resource.getrlimit(resource.RLIMIT_AS)
    # Inherited by every run: an allocation beyond it ends the run by a signal, which is wrong.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, limits[1]))
    try:
        with working_folder(in_memory=True) as folder:
            check_in(folder, embed, options, report)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def check_in(folder, embed, options, report):
    check_index(folder / "small", embed, options, report, (build, "", QUERIES, options.count))
    queries = [("--vector", f"query{number}.npy") for number in range(3)]
    count = LARGE_SAMPLE if options.count is None else min(options.count, LARGE_SAMPLE)
    check_index(folder / "large", embed, options, report, (build_large, "large ", queries, count))


def check_index(folder, embed, options, report, subject):
    build_index, label, queries, count = subject
    generator = random.Random(f"{options.seed} {label}")
    for name in ("a", "b", *map(str, range(options.workers))):
        (folder / name).mkdir(parents=True)
    original, other = (build_index(embed, folder / name, generator) for name in ("a", "b"))
    places = [Place(folder / str(number), original, other) for number in range(options.workers)]
    judge = Judge(embed, places[0], options, report, label, queries)
    cases = [case for name, content in places[0].files.items() for case in cases_of(name, content, generator, count)]
    cases = [case for case in (*cases, *added_cases()) if (label + case.name()).startswith(options.case)
             and damaged(case, places[0], options.seed) != places[0].files.get(case.file)]
    report.count("cases", len(cases))
    for_each(cases, options.workers, places, judge.test)
    judge.print_table()
