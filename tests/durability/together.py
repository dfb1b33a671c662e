"""Many processes at once: readers beside writers, readers that stop reading, and two writers.

`--count` is the number of re-indexes beside readers, and half of it the number of pairs of writers.
"""
import os
import re
import signal
import subprocess
import threading
import time

from .operations import AGAIN, FIRST, INDEX, MIDDLE, Size, write_version
from .states import records, state
from .tool import working_folder

COUNT = 50
READERS = 8
# A stopped reader may delay a writer by this much, and a second writer is told within this time.
LONGEST_DELAY = 2
LONGEST_REFUSAL = 1
# So many sources and texts that every answer is larger than a pipe holds.
MANY = Size(files=2500, lines=2)
QUERY_COUNT = 300
# The number of the system call that writes.
WRITE = "1" if os.uname().machine == "x86_64" else "64"

READING = {
    "search": ("search", "rain", "--by", "meaning", "-k", 1000, "--jsonl"),
    "list": ("list", "--json"),
    "duplicates": ("duplicates", "--pairs", "--threshold", 0.5, "--jsonl"),
    "cluster": ("cluster", "--members", "--jsonl"),
    "export": ("export", "--output", "exported.jsonl"),
}
STOPPING = {
    "list": ("list",),
    "duplicates": ("duplicates", "--pairs", "--threshold", 0.8),
    "cluster": ("cluster", "-k", 3, "--members"),
    "search": ("search", "--queries", "queries.txt", "-k", 50),
    "export": ("export", "--output", "-"),
}


def check(embed, options, report):
    report.counts.update({"answers": 0, "mixed answers": 0, "failed runs": 0})
    parts = {"readers": readers, "stopped": stopped_readers, "second": second_writer, "wait": waiting_writer,
             "killed": lock_of_a_killed_writer, "pair": pairs_of_writers}
    for name, part in parts.items():
        if name.startswith(options.case.split(" ")[0]):
            with working_folder() as folder:
                part(embed, folder, options, report)


# Readers beside a writer.

def readers(embed, folder, options, report):
    expected = {version: quiet_answers(embed, folder, options.seed, version) for version in (1, 2)}
    done = threading.Event()
    threads = [threading.Thread(target=read_in_a_loop, args=(embed, folder / str(number), expected, done, report))
               for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        for number in range(options.count or COUNT):
            write_version(folder, options.seed, 1 + number % 2, MIDDLE)
            outcome = embed.run(folder, *AGAIN)
            report.count("re-indexes")
            report.expect(outcome.code == 0, "failed runs", "readers", f"index: {outcome.code}: {outcome.err.strip()}")
    finally:
        done.set()
        for thread in threads:
            thread.join()


def quiet_answers(embed, folder, seed, version):
    write_version(folder, seed, version, MIDDLE)
    embed.must(folder, *FIRST)
    return {name: content(name, folder, embed.must(folder, *command, *INDEX)) for name, command in READING.items()}


def content(name, place, outcome):
    """The texts of an answer without what depends on the order of rows."""
    if name == "list":
        sources = records(outcome.out)[0]["sources"]
        return frozenset((source["source"], source["documents"], source["size"]) for source in sources)
    found = records((place / "exported.jsonl").read_text() if name == "export" else outcome.out)
    if name == "duplicates":
        return frozenset(frozenset((identified(record["first"]), identified(record["second"]))) for record in found)
    return frozenset(identified(record) for record in found)


def identified(record):
    return record["id"], record["text"]


def read_in_a_loop(embed, place, expected, done, report):
    place.mkdir()
    names = list(READING)
    number = int(place.name)
    while not done.is_set():
        name = names[number % len(names)]
        number += 1
        outcome = embed.run(place, *READING[name], "--index", "../.embed")
        report.count("answers")
        if outcome.code != 0:
            report.fail("failed runs", "readers", f"{name}: {outcome.code}: {outcome.err.strip()[-300:]}")
        elif version_of(name, place, outcome, expected) is None:
            report.fail("mixed answers", "readers", f"{name}: an answer of neither version")


def version_of(name, place, outcome, expected):
    found = content(name, place, outcome)
    return next((version for version, answers in expected.items() if found == seen_from_below(answers[name])), None)


def seen_from_below(answer):
    """The answer with the names of sources that a reader in a folder of the working folder sees."""
    if isinstance(answer, frozenset):
        return frozenset(map(seen_from_below, answer))
    return f"../{answer[0]}", *answer[1:]


# Readers whose output nobody takes.

def stopped_readers(embed, folder, options, report):
    write_version(folder, options.seed, 1, MANY)
    (folder / "queries.txt").write_text("rain night\n" * QUERY_COUNT)
    embed.must(folder, *FIRST)
    touched = sorted((folder / "texts").rglob("*.txt"))[0]
    touched.write_text("a dog in the rain\n")
    usual = embed.must(folder, *AGAIN).seconds
    for name, command in STOPPING.items():
        case = f"stopped {name}"
        if case.startswith(options.case):
            touched.write_text(f"the {name} in the rain\n")
            stop_reader(embed, folder, (case, command, usual), report)


def stop_reader(embed, folder, subject, report):
    case, command, usual = subject
    expected = embed.must(folder, *command, *INDEX).out
    reader = embed.start(folder, *command, *INDEX)
    try:
        if not wait_until(lambda: is_blocked_in_a_pipe(reader.pid)):
            raise RuntimeError(f"setup: {case}: the reader does not fill its pipe")
        outcome = embed.run(folder, *AGAIN)
        detail = f"index: {ending(outcome)} (usual {usual:.1f} s)"
        well = outcome.code == 0 and outcome.seconds <= usual + LONGEST_DELAY
        report.count("stopped readers")
        report.expect(well, "failed runs", case, detail)
        out, err = reader.communicate(timeout=60)
        report.expect(out.decode() == expected, "mixed answers", case, f"the stopped reader answers otherwise: {err[-200:]}")
    finally:
        reader.kill()


def ending(outcome):
    return f"exit code {outcome.code} after {outcome.seconds:.1f} s: {outcome.err.strip()}"


def is_blocked_in_a_pipe(process):
    """Whether one of its threads waits to write to a pipe."""
    for task in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{task}/syscall") as file:
            if file.read().split()[0] == WRITE:
                return True
    return False


def wait_until(holds, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.01)
    return False


# Two writers.

def busy_writer(embed, folder, seed):
    """A writer that is stopped while it holds the lock."""
    write_version(folder, seed, 1, MANY)
    embed.must(folder, *FIRST)
    writer = embed.start(folder, "index", "--rebuild", *INDEX, stdout=subprocess.DEVNULL)
    inode = (folder / ".embed" / "writer.lock").stat().st_ino
    if not wait_until(lambda: re.search(rf" {writer.pid} \S+:{inode} ", open("/proc/locks").read())):
        raise RuntimeError("setup: the writer does not take the lock")
    writer.send_signal(signal.SIGSTOP)
    return writer


def second_writer(embed, folder, options, report):
    writer = busy_writer(embed, folder, options.seed)
    try:
        outcome = embed.run(folder, *AGAIN)
        report.count("second writers")
        told = outcome.refusal() is None and outcome.seconds <= LONGEST_REFUSAL
        report.expect(told, "failed runs", "second writer", f"not told within a second: {ending(outcome)}")
        named = str(writer.pid) in outcome.err
        report.expect(named, "failed runs", "second writer", f"not told of process {writer.pid}: {ending(outcome)}")
    finally:
        writer.send_signal(signal.SIGCONT)
        writer.communicate()
    report.expect(writer.returncode == 0, "failed runs", "second writer", f"the first writer: {writer.returncode}")


def waiting_writer(embed, folder, options, report):
    writer = busy_writer(embed, folder, options.seed)
    try:
        second = embed.start(folder, *AGAIN, "--wait", 60)
        time.sleep(1)
        waits = second.poll() is None
    finally:
        writer.send_signal(signal.SIGCONT)
        writer.communicate()
    _, err = second.communicate()
    report.count("second writers")
    detail = f"waits: {waits}, exit codes {writer.returncode} and {second.returncode}: {err.decode().strip()}"
    report.expect(waits and writer.returncode == second.returncode == 0, "failed runs", "wait", detail)


def lock_of_a_killed_writer(embed, folder, options, report):
    writer = busy_writer(embed, folder, options.seed)
    writer.kill()
    writer.communicate()
    outcome = embed.run(folder, *AGAIN)
    report.count("locks of killed writers")
    report.expect(outcome.code == 0, "failed runs", "killed", f"exit code {outcome.code}: {outcome.err.strip()}")


def pairs_of_writers(embed, folder, options, report):
    """Two first runs at once, then two updates at once, and the answers after them."""
    expected = []
    for version, command in ((1, FIRST), (2, AGAIN)):
        write_version(folder, options.seed, version, MIDDLE)
        embed.must(folder, *command)
        expected.append(state(embed, folder))
    for number in range((options.count or COUNT) // 2):
        subprocess.run(["rm", "-rf", folder / ".embed"], check=True)
        for version, command in ((1, FIRST), (2, AGAIN)):
            write_version(folder, options.seed, version, MIDDLE)
            pair_of_writers(embed, folder, command, report)
            right = state(embed, folder).outputs == expected[version - 1].outputs
            report.expect(right, "mixed answers", "pair", f"after pair {number}, version {version}: other answers")


def pair_of_writers(embed, folder, command, report):
    runs = [embed.start(folder, *command) for _ in range(2)]
    errors = [run.communicate()[1].decode().strip() for run in runs]
    codes = [run.returncode for run in runs]
    report.count("pairs of writers")
    refused = [error for code, error in zip(codes, errors) if code != 0]
    well = 0 in codes and all(error.startswith("error: ") and "another" in error for error in refused)
    report.expect(well, "failed runs", "pair", f"exit codes {codes}: {refused}")
