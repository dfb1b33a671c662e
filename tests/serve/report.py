"""Counts of checks, and a line for each failure."""

import threading
import time
import traceback
from pathlib import Path

LONGEST = 500


class Report:
    """Counts checks from many threads."""

    def __init__(self):
        self.family = ""
        self.passed, self.failed = 0, 0
        self.lock = threading.Lock()

    def begin(self, family):
        self.family = family
        self.counted = self.passed, self.failed
        self.begun = time.monotonic()

    def check(self, name, holds, found=""):
        with self.lock:
            if holds:
                self.passed += 1
            else:
                self.failed += 1
                print(f"FAILED {self.family}: {name}: {self.line(found)}", flush=True)
        return bool(holds)

    def equal(self, name, found, expected):
        """Compares two values, and shows the first difference."""
        return self.check(name, found == expected, difference(found, expected))

    def step(self, function, *arguments):
        """Runs a part of a family; an exception fails it, and the other parts still run."""
        try:
            return function(*arguments)
        except Exception as error:
            lines = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[1:]]
            name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
            self.check(f"{name} runs to its end", False, f"{type(error).__name__}: {error} ({' '.join(lines[:4])})")
            return None

    def note(self, text):
        """A figure, or what was left out."""
        print(f"  {text}", flush=True)

    def end(self):
        passed, failed = self.passed - self.counted[0], self.failed - self.counted[1]
        print(f"{self.family}: {passed} passed, {failed} failed ({time.monotonic() - self.begun:.0f} s)", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0

    @staticmethod
    def line(found):
        text = " ".join(str(found).split())
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def difference(found, expected, place="answer"):
    """Where two values of JSON differ first; empty where they are equal."""
    if found == expected:
        return ""
    if isinstance(found, dict) and isinstance(expected, dict):
        keys = [
            key
            for key in [*expected, *found]
            if found.get(key, key) != expected.get(key, key) or (key in found) != (key in expected)
        ]
        if keys:
            key = keys[0]
            if key not in found or key not in expected:
                return f"{place}.{key} is only {'expected' if key in expected else 'found'}"
            return difference(found[key], expected[key], f"{place}.{key}")
    if isinstance(found, list) and isinstance(expected, list):
        if len(found) != len(expected):
            return f"{place} has {len(found)} elements instead of {len(expected)}"
        place_of = next(place for place, pair in enumerate(zip(found, expected)) if pair[0] != pair[1])
        return difference(found[place_of], expected[place_of], f"{place}[{place_of}]")
    return f"{place} is {found!r} instead of {expected!r}"
