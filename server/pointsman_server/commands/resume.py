"""`pointsman resume`: go on with a run whose host is gone, or that waits for a person."""

import argparse
from pathlib import Path

from pointsman.errors import RunUnavailable
from pointsman.runtime import sessions
from pointsman.runtime.workspace import find_place
from pointsman_server import exits
from pointsman_server.hosting import host, report_past, run_named


def run(options: argparse.Namespace) -> int:
    """Resume the run; one that has ended is reported as it ended."""
    place = find_place(Path.cwd())
    try:
        run = run_named(place, options.run)
        return host(options, place.root, ("resume", {"run": run}), lambda made: sessions.resume(place, run, made))
    except RunUnavailable as error:
        if error.code != "run_ended":
            raise
        outcome = report_past(place, options.run, options.json)
        return exits.of(outcome)
