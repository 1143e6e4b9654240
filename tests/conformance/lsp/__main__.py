"""The command line: `python -m conformance.lsp [options] -- SERVER ARGUMENTS`. The exit code counts the failures."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from conformance.lsp.client import Times
from conformance.lsp.kit import OVERALL, Row, run
from conformance.lsp.probe import PROBES, Verdict
from conformance.lsp.profile import choose, read
from conformance.lsp.table import as_json, line, summary

MOST = 99  # failures that the exit code tells apart
USAGE = 125


def main(arguments: list[str]) -> int:
    """Run the kit; gives the exit code."""
    options = _parser().parse_args(arguments)
    if options.list:
        for probe in PROBES:
            _say(f"{probe.name:32}  {probe.section:60}  {probe.expected}")
        for name, section, expected, _ in OVERALL:
            _say(f"{name:32}  {section:60}  {expected}")
        return 0
    argv = options.server[1:] if options.server[:1] == ["--"] else options.server
    if not argv:
        sys.stderr.write("which server? python -m conformance.lsp -- SERVER ARGUMENTS\n")
        return USAGE
    if shutil.which(argv[0]) is None:
        sys.stderr.write(f"there is no command {argv[0]}\n")
        return USAGE
    profile = read(Path(options.profile)) if options.profile else choose(argv)

    def tell(row: Row) -> None:
        if not options.json:
            _say(line(row))

    times = Times(answer=options.timeout, grace=options.grace)
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        root = Path(options.root or folder).resolve()
        rows = run(argv, profile, root, only=options.only, times=times, jobs=options.jobs, tell=tell)
    _say(as_json(argv, profile.name, rows) if options.json else f"\n{summary(rows)} (profile {profile.name})")
    return min(sum(row.finding.verdict is Verdict.FAIL for row in rows), MOST)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.lsp", description="Probe a language server on stdio.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="probes whose name contains this")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--list", action="store_true", help="the probes, and nothing else")
    parser.add_argument("--profile", metavar="FILE", help="a TOML file about your server's language")
    parser.add_argument("--root", metavar="FOLDER", help="the workspace the clients name; else an empty one")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds an answer may take")
    parser.add_argument("--grace", type=float, default=3.0, help="seconds it may come behind a later one")
    parser.add_argument("--jobs", type=int, default=2, help="probes at a time")
    parser.add_argument("server", nargs=argparse.REMAINDER, help="-- and the command")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
