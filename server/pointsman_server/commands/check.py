"""`pointsman check`: every finding with code, line, column, and the nearest name where there is one."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pointsman.errors import Misuse
from pointsman.language.analysis import kind_of
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.source import Source
from pointsman.runtime.workspace import analyse_file, find_place, near_file, shown_path
from pointsman_server import exits
from pointsman_server.render import diagnostic_github, diagnostic_json, diagnostic_text, plural

SKIPPED = {".git", ".pointsman", ".venv", "node_modules", "__pycache__", "dist", "build"}

Finding = tuple[Source, Diagnostic]


def run(options: argparse.Namespace) -> int:
    """Check files and folders; exit code 1 when there is an error."""
    files = sorted(set(_files(options.paths)))
    findings: list[Finding] = []
    for path in files:
        place = find_place(path)
        analysed = analyse_file(place, path, shown_path(place, path))
        # People know the file by where they stand; modules are looked for from the workspace's root.
        source = Source(os.path.relpath(path), analysed.source.data)
        findings += [(source, found) for found in analysed.diagnostics]
    _print(options.format, findings, len(files))
    return exits.FAILED if any(found.severity == "error" for _, found in findings) else exits.COMPLETED


def _files(paths: list[str]) -> Iterator[Path]:
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found = list(_walk(path))
            if not found:
                raise Misuse(
                    "nothing_to_check", f"there is nothing to check in {name}", "Files are named *.pipeline.yaml"
                )
            yield from found
        elif not path.exists():
            raise Misuse("file_missing", f"there is no file {name}", near_file(path))
        elif kind_of(path.name) is None:
            raise Misuse(
                "file_unknown",
                f"{name} is neither pipeline nor policy",
                "Name it *.pipeline.yaml, *.policy.yaml or pointsman.toml",
            )
        else:
            yield path


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED)
        yield from (Path(here) / name for name in names if kind_of(name))


def _print(form: str, findings: list[Finding], files: int) -> None:
    out = sys.stdout
    match form:
        case "json":
            json.dump([diagnostic_json(source, found) for source, found in findings], out, indent=2)
            out.write("\n")
        case "github":
            out.writelines(diagnostic_github(source, found) + "\n" for source, found in findings)
        case _:
            out.writelines(diagnostic_text(source, found, out.isatty()) + "\n" for source, found in findings)
            out.write(_summary([found for _, found in findings], files) + "\n")


def _summary(findings: list[Diagnostic], files: int) -> str:
    counts = [(name, sum(found.severity == name for found in findings)) for name in ("error", "warning", "hint")]
    said = ", ".join(plural(count, name) for name, count in counts if count)
    return f"{said or 'nothing to complain about'} in {plural(files, 'file')}"
