"""Programs that run with the packages of a client: each prints a line of JSON for each check."""

import json
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def run(report, name, command, given=None, timeout=300, **settings):
    """Counts the checks of a program as checks of `name`."""
    try:
        process = subprocess.run(
            [str(part) for part in command], input=json.dumps(given), capture_output=True, text=True, timeout=timeout, **settings
        )
    except subprocess.TimeoutExpired as expired:
        report.check(f"{name}: it ends", False, f"{expired.stdout} {expired.stderr}"[-500:])
        return
    for line in process.stdout.splitlines():
        try:
            check, holds, found = json.loads(line)
        except ValueError:
            report.check(f"{name}: a line of checks", False, line)
            continue
        if holds is None:
            report.note(f"{name}: {found}")
        else:
            report.check(f"{name}: {check}", holds, found)
    report.check(f"{name}: it runs to its end", process.returncode == 0, process.stderr[-500:])
