"""`pointsman rerun`: go on where a run stood, as a new run from the files as they are now; what has not changed since
is taken from the older run, and nothing is called for it."""

import argparse
from pathlib import Path

from pointsman.runtime import sessions
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.desk import prepared
from pointsman.runtime.sessions import Options, Session
from pointsman.runtime.workspace import find_place
from pointsman_server.commands.run import detached
from pointsman_server.hosting import host, options_for, run_named


def run(options: argparse.Namespace) -> int:
    """Start the new run; the exit code is its outcome's, or 0 once a detached run has begun."""
    place = find_place(Path.cwd())
    run = run_named(place, options.run)
    verb = "rerun", {"run": run, "start_at": options.start_at}

    def begin(made: Options) -> Session:
        loaded, value, made = prepared(Definitions(), place.root, run, made, options.start_at)
        return sessions.start(loaded, value, made)

    if options.detach:
        return detached(place.root, verb, options_for(options))
    return host(options, place.root, verb, begin)
