"""Slow readers: a reader that opens a file of the index late, after writers have replaced and removed it.

strace delays the reader's open by some seconds, in which two writers run to their end.
"""
import itertools
import time

from .operations import AGAIN, FIRST, INDEX, SMALL, write_version
from .together import READING, content
from .tool import for_each, without_strace, working_folder

DELAY = 3
WRITERS = {"rebuild": ("index", "--rebuild", *INDEX), "compact": ("compact", *INDEX), "index": AGAIN}
READERS = ("search", "list", "export")


def check(embed, options, report):
    report.counts.update({"runs": 0, "hits": 0, "wrong answers": 0, "failed runs": 0})
    with working_folder() as folder:
        places = [folder / str(number) for number in range(options.workers)]
        for place in places:
            place.mkdir()
        files = files_of_an_index(embed, places[0], options.seed)
        cases = [" ".join(case) for case in itertools.product(files, WRITERS, READERS)]
        cases = [case for case in cases if case.startswith(options.case)]
        for_each(cases, options.workers, places, lambda place, case: race(embed, place, case, options.seed, report))


def files_of_an_index(embed, place, seed):
    prepare(embed, place, READERS[0], seed)
    return sorted(path.name for path in (place / ".embed").iterdir() if path.name != "writer.lock")


def race(embed, place, case, seed, report):
    """The reader begins with version 1; meanwhile one writer runs, and another that indexes version 2."""
    file, writer, reader = case.split(" ")
    expected = prepare(embed, place, reader, seed)
    process = embed.start(place, *READING[reader], *INDEX, prefix=delaying(place, file))
    time.sleep(DELAY / 3)
    writers = [embed.run(place, *command) for command in (WRITERS[writer], AGAIN)]
    in_time = process.poll() is None
    out, err = process.communicate()
    report.count("runs")
    report.count("hits" if in_time else "where the writers waited")
    for outcome in writers:
        report.expect(outcome.code == 0, "failed runs", case, f"a writer: {outcome.err.strip()}")
    if report.expect(process.returncode == 0, "failed runs", case, f"the reader: {without_strace(err.decode()).strip()}"):
        outcome = Answer(out.decode())
        report.expect(content(reader, place, outcome) in expected, "wrong answers", case, "an answer of neither version")


class Answer:
    def __init__(self, out):
        self.out = out


def prepare(embed, place, reader, seed):
    """Both versions' answers; then version 1 is in the index and version 2 on the disk."""
    answers = []
    for version in (2, 1):
        for path in (place / ".embed").glob("*"):
            path.unlink()
        write_version(place, seed, version, SMALL)
        embed.must(place, *FIRST)
        answers.append(content(reader, place, embed.must(place, *READING[reader], *INDEX)))
    write_version(place, seed, 2, SMALL)
    return answers


def delaying(place, file):
    # strace compares spellings.
    paths = [argument for folder in (".embed", f"{place}/.embed") for argument in ("-P", f"{folder}/{file}")]
    trace = ["-qqq", "-o", str(place / "tmp" / "trace"), "-e", "trace=openat"]
    return ["strace", "-f", *trace, "-e", f"inject=openat:delay_enter={DELAY}s:when=1", *paths]
