"""Space: what was removed is gone from the disk after `compact`, and killed rebuilds leave nothing for long."""
import random
import shutil
import time

from .operations import AGAIN, FIRST, INDEX, MIDDLE, write_version
from .states import left_over
from .texts import line, write_lines
from .tool import working_folder

FILES, LINES, REMOVED = 40, 100, 30
RARE = "zyzzyva"
# An index after compact may be this much larger than one that never held the removed texts.
MOST_OVERHEAD = 1.25
KILLED = 5


def check(embed, options, report):
    report.counts.update({"checks": 0, "failed": 0})
    for part in (compacted, killed_rebuilds):
        if part.__name__.startswith(options.case.split(" ")[0]):
            with working_folder() as folder:
                part(embed, folder, options, report)


def expect(report, holds, case, detail):
    report.count("checks")
    report.expect(holds, "failed", case, detail)


def write_texts(folder, seed):
    for number in range(FILES):
        removed = number < REMOVED
        generator = random.Random(f"{seed} {number}")
        lines = [f"{line(generator)} {RARE if removed else 'kept'} {row}" for row in range(LINES)]
        write_lines(folder / "texts" / ("removed" if removed else "kept") / f"{number}.txt", lines)


def compacted(embed, folder, options, report):
    write_texts(folder, options.seed)
    embed.must(folder, *FIRST)
    before = folder_bytes(folder)
    for command in (("remove", "texts/removed", *INDEX), ("compact", *INDEX)):
        embed.must(folder, *command)
    after = folder_bytes(folder)
    holding = files_with(folder, RARE)
    shutil.rmtree(folder / "texts" / "removed")
    shutil.rmtree(folder / ".embed")
    embed.must(folder, *FIRST)
    fresh = folder_bytes(folder)
    sizes = f"{before} bytes before, {after} after, {fresh} if the removed texts had never been there"
    expect(report, after <= fresh * MOST_OVERHEAD, "compacted size", sizes)
    expect(report, not holding, "compacted texts", f"removed texts are still in {holding}")


def folder_bytes(folder):
    return sum(path.stat().st_size for path in (folder / ".embed").iterdir())


def files_with(folder, word):
    return [path.name for path in sorted((folder / ".embed").iterdir()) if word.encode() in path.read_bytes()]


def killed_rebuilds(embed, folder, options, report):
    write_version(folder, options.seed, 1, MIDDLE)
    embed.must(folder, *FIRST)
    rebuild = ("index", "--rebuild", *INDEX)
    seconds = embed.must(folder, *rebuild).seconds
    for number in range(KILLED):
        process = embed.start(folder, *rebuild)
        time.sleep(seconds * (number + 1) / (KILLED + 1))
        process.kill()
        process.communicate()
    write_version(folder, options.seed, 2, MIDDLE)
    embed.must(folder, *AGAIN)
    left = left_over(folder)
    expect(report, not left, "killed_rebuilds", f"the next run leaves {left}")
