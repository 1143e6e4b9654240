"""`pointsman status`: this workspace's server, who uses it, and what runs in it."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from pointsman.folders import find_root
from pointsman.runtime.around import Hold
from pointsman_server import exits
from pointsman_server.remote import link
from pointsman_server.render import duration, plural
from pointsman_server.rendezvous import own_folder
from pointsman_server.tables import print_table
from pointsman_server.views import held_words


def run(options: argparse.Namespace) -> int:
    """Show it; exit code 1 when there is none."""
    root = find_root(own_folder())
    server = link(Path(root))
    if server is None:
        sys.stdout.write("null\n" if options.json else f"no server runs for {root}; an editor starts it\n")
        return exits.FAILED
    with server:
        said = server.ask("status")
    if options.json:
        json.dump(said, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return exits.COMPLETED
    _print(said)
    return exits.COMPLETED


def _print(said: dict[str, Any]) -> None:
    now = time.time_ns()
    out = sys.stdout
    out.write(f"server of {said['root']}: version {said['version']}, process {said['pid']}, ")
    out.write(f"up {duration(now - said['started_at_ns'])}, {said['memory_bytes'] / 2**20:.0f} MiB\n")
    out.write(f"log {said['log']}\n")
    if not said["clients"] and not said["runs"]:
        out.write(f"nobody uses it; it ends after {duration(int(said['idle_s'] * 1e9))} of quiet\n")
    if said["clients"]:
        out.write(f"\n{plural(len(said['clients']), 'client')}\n")
        rows = [
            (one["for"], one["pid"], one["version"], duration(now - one["since_ns"]), one["cwd"])
            for one in said["clients"]
        ]
        print_table(("for", "process", "version", "since", "folder"), rows)
    if said["runs"]:
        out.write(f"\n{plural(len(said['runs']), 'live run')}\n")
        rows = [
            (one["run"], one["pipeline"], _standing(one), ", ".join(one["stages"]), duration(one["took_ns"]))
            for one in said["runs"]
        ]
        print_table(("run", "pipeline", "status", "at", "for"), rows)


def _standing(run: dict[str, Any]) -> str:
    held = run.get("held")
    return held_words(Hold(held["since_ns"], held["stage"])) if held else str(run["status"])
