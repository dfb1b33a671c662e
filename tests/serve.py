#!/usr/bin/env python3
"""Checks `embed serve` and `embed mcp` end to end, with clients that know nothing of them.

    python3 tests/serve.py target/release/embed [FAMILY...] [--clients PYTHON] [--node-modules DIR] [--minutes N]

Standard library only. With --clients, a Python that has the packages openai, langchain-openai, mcp, schemathesis and
prometheus-client, these clients run, too; with --node-modules, a folder node_modules with the packages openai and
@modelcontextprotocol/conformance, those of npm. `.ci/run` has the versions. Everything is on the loopback interface. Each
failure prints a line; the exit code is 1 if a check fails.
"""

import argparse
import importlib
import resource
import shutil
import sys
import traceback
from pathlib import Path

from serve.report import Report

FAMILIES = ["search", "clients", "mcp", "openapi", "limits", "mixed"]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed", type=Path)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"some of {', '.join(FAMILIES)} [default: all]")
    parser.add_argument("--clients", type=Path, help="a Python with the packages of the clients")
    parser.add_argument("--node-modules", type=Path, help="a folder node_modules with the packages of npm")
    parser.add_argument(
        "--node", type=Path, help="the program node, 22 or later [default: that beside --clients, else of the path]"
    )
    parser.add_argument("--minutes", type=float, default=0.5, help="of mixed load [default: 0.5]")
    parser.add_argument("--seconds", type=int, default=60, help="of generated requests [default: 60]")
    chosen = parser.parse_args()
    unknown = set(chosen.families) - set(FAMILIES)
    if unknown:
        parser.error(f"no such family: {', '.join(sorted(unknown))}")
    chosen.embed = chosen.embed.resolve()
    if chosen.clients:
        # Not resolved: the link to an interpreter is what makes it that of its environment.
        chosen.clients = chosen.clients.absolute()
    if chosen.node_modules:
        chosen.node_modules = chosen.node_modules.resolve()
    if not chosen.node:
        beside = chosen.clients.with_name("node") if chosen.clients else None
        chosen.node = beside if beside and beside.exists() else shutil.which("node")
    return chosen


def main():
    chosen = options()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    for name in chosen.families or FAMILIES:
        report.begin(name)
        try:
            importlib.import_module(f"serve.{name}").check(chosen, report)
        except Exception:
            # The other families still run.
            report.check("the family runs to its end", False, traceback.format_exc()[-500:])
        report.end()
    sys.exit(report.finish())


if __name__ == "__main__":
    main()
