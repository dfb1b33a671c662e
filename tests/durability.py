#!/usr/bin/env python3
"""Checks that an index is never lost, corrupted or misread.

    python tests/durability.py target/release/embed FAMILY... [--seed N] [--count N] [--workers N] [--case TEXT]

Standard library only; Linux, with strace for the families that inject failures. Each family prints one line of
counts. The exit code is 1 if a case fails; every failure names the command that repeats it.
"""
import argparse
import importlib
import os
import sys
from pathlib import Path

from durability.report import Report
from durability.tool import Embed

FAMILIES = ["damage", "kills", "syscalls", "order", "together", "race", "space", "disk", "signals"]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed", type=Path)
    parser.add_argument("family", nargs="+", choices=[*FAMILIES, "all"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, help="cases of each kind [default: what the family says]")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--case", default="", help="only cases whose name begins with this")
    return parser.parse_args()


def main():
    chosen = options()
    families = FAMILIES if "all" in chosen.family else chosen.family
    failed = False
    for name in families:
        report = Report(name, chosen)
        importlib.import_module(f"durability.{name}").check(Embed(chosen.embed), chosen, report)
        failed |= report.finish()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
