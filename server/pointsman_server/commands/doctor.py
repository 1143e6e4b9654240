"""`pointsman doctor`: is this workspace fit to run pipelines, and if not, what to do."""

import argparse
import asyncio
import json
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from pointsman import __version__
from pointsman.errors import PointsmanError
from pointsman.runtime.agents import probe_interpreter
from pointsman.runtime.journals import open_journal
from pointsman.runtime.workspace import Place, find_place, interpreter
from pointsman_server import exits
from pointsman_server.remote import link
from pointsman_server.render import plural
from pointsman_server.tables import print_table

ROOMY = 100 * 1024 * 1024
"""Bytes free under which a journal may soon not be written."""

Check = Callable[[Place], tuple[bool, str]]


def run(options: argparse.Namespace) -> int:
    """Make every check; exit code 1 when one is bad."""
    place = find_place(Path.cwd())
    found = [(name, *_made(check, place)) for name, check in CHECKS.items()]
    if options.json:
        json.dump([{"check": name, "ok": good, "found": what} for name, good, what in found], sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        print_table(("check", "", "found"), [(name, "ok" if good else "bad", what) for name, good, what in found])
    return exits.COMPLETED if all(good for _, good, _ in found) else exits.FAILED


def _made(check: Check, place: Place) -> tuple[bool, str]:
    try:
        return check(place)
    except PointsmanError as error:
        return False, str(error)
    except OSError as error:
        return False, f"{error.strerror}: {error.filename}"


def _version(place: Place) -> tuple[bool, str]:
    return True, f"pointsman {__version__} on Python {platform.python_version()}"


def _workspace(place: Place) -> tuple[bool, str]:
    marks = [mark for mark in ("pointsman.toml", ".pointsman", ".git") if (place.root / mark).exists()]
    return True, f"{place.root} ({', '.join(marks) or 'no pointsman.toml, no .git: this folder itself'})"


def _settings(place: Place) -> tuple[bool, str]:
    if place.source is None:
        return True, "no pointsman.toml: defaults"
    errors = [found for found in place.diagnostics if found.severity == "error"]
    if errors:
        return False, f"{errors[0].message}. See: pointsman check pointsman.toml"
    return True, "pointsman.toml is fine"


def _interpreter(place: Place) -> tuple[bool, str]:
    path = interpreter(place)
    found = asyncio.run(probe_interpreter(path, place.root))
    return (False, found.error.message) if found.error else (True, f"{path} ({found.value})")


def _journal(place: Place) -> tuple[bool, str]:
    if not (place.root / ".pointsman" / "journal.db").exists():
        return True, "no run yet"
    store = open_journal(place)
    try:
        rows = store.runs(10_000)
        damaged = [row.id for row in rows[:20] if store.verify(row.id)]
    finally:
        store.close()
    if damaged:
        return False, f"run {damaged[0]} is damaged. See: pointsman replay {damaged[0]}"
    left = [row.id for row in rows if row.status == "interrupted"]
    hint = f", {plural(len(left), 'interrupted run')}: pointsman resume {left[0]}" if left else ""
    return True, f"{place.root / '.pointsman' / 'journal.db'}: {plural(len(rows), 'run')}{hint}"


def _server(place: Place) -> tuple[bool, str]:
    server = link(place.root)
    if server is None:
        return True, "none runs; an editor starts it"
    with server:
        said = server.ask("status")
    older = "" if said["version"] == __version__ else f", version {said['version']}: pointsman stop, to start it anew"
    users = f"{plural(len(said['clients']), 'client')}, {plural(len(said['runs']), 'live run')}"
    return not older, f"process {said['pid']} with {users}{older}"


def _disk(place: Place) -> tuple[bool, str]:
    free = shutil.disk_usage(place.root).free
    return free > ROOMY, f"{free / 2**30:.1f} GiB free"


def _git(place: Place) -> tuple[bool, str]:
    found = shutil.which("git")
    return True, found or "no git: pipelines that ask it will fail"


CHECKS: dict[str, Check] = {
    "version": _version,
    "workspace": _workspace,
    "settings": _settings,
    "interpreter": _interpreter,
    "journal": _journal,
    "server": _server,
    "disk": _disk,
    "git": _git,
}
