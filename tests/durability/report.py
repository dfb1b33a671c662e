"""Counts of a family, and its failures with what repeats them."""
import threading
import time

MOST_SHOWN = 3


class Report:
    """Collects counts and failures from many threads."""

    def __init__(self, family, options):
        self.family = family
        self.options = options
        self.counts = {}
        self.failures = {}
        self.lock = threading.Lock()
        self.begun = time.monotonic()

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + number

    def fail(self, kind, case, detail):
        """A failed case. `kind` is also a count; failures are shown by kind and by the first word of the case."""
        with self.lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.failures.setdefault((kind, case.split(" ")[0]), []).append((case, detail))

    def expect(self, holds, kind, case, detail):
        if not holds:
            self.fail(kind, case, detail)
        return holds

    def finish(self):
        """Prints failures and the line of counts; true where a case failed."""
        for (kind, subject), failures in self.failures.items():
            for case, detail in failures[:MOST_SHOWN]:
                print(f"FAILED {self.family} ({kind}): {case}: {detail}\n    {self.reproduction(case)}")
            if len(failures) > MOST_SHOWN:
                print(f"FAILED {self.family} ({kind}): {subject}: {len(failures) - MOST_SHOWN} more")
        counts = ", ".join(f"{number} {what}" for what, number in self.counts.items())
        print(f"{self.family}: {counts} ({time.monotonic() - self.begun:.0f} s)", flush=True)
        return bool(self.failures)

    def reproduction(self, case):
        chosen = self.options
        return f"python tests/durability.py {chosen.embed} {self.family} --seed {chosen.seed} --case '{case}'"
