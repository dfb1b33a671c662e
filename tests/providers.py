#!/usr/bin/env python3
"""Checks models of services against a fake OpenAI and a fake Voyage, and against a real server.

    python tests/providers.py target/release/embed [--clients PYTHON] [--infinity PROGRAM --model FOLDER]

Standard library only. With --clients, a Python that has the packages `openai` and `voyageai`, these official clients use
the fakes too, so that the fakes are what the clients expect. With --infinity, the program `infinity_emb` serves the model
of FOLDER, bge-small-en-v1.5, whose vectors must be ours. Everything is on the loopback interface. Each check prints a
line; the exit code is 1 if one fails.
"""
import argparse
import importlib
import sys
from pathlib import Path

from providers.tool import Report

CHECKS = ["clients", "outcomes", "limits", "secrets", "interruptions", "infinity"]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed", type=Path)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"some of {', '.join(CHECKS)} [default: all]")
    parser.add_argument("--clients", type=Path, help="a Python with the packages openai and voyageai")
    parser.add_argument("--infinity", type=Path, help="the program infinity_emb")
    parser.add_argument("--model", type=Path, help="the folder of bge-small-en-v1.5 for it")
    chosen = parser.parse_args()
    unknown = set(chosen.checks) - set(CHECKS)
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}")
    return chosen


def main():
    chosen = options()
    report = Report()
    for name in chosen.checks or CHECKS:
        importlib.import_module(f"providers.{name}").check(chosen, report)
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
