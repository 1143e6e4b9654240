"""`pointsman run`: start a pipeline and stay with it to its end, in the workspace's server if that is up."""

import argparse
import sys
from pathlib import Path

from pointsman.runtime import catalog, sessions
from pointsman_server import exits
from pointsman_server.hosting import host, options_for
from pointsman_server.inputs import read_input
from pointsman_server.remote import hosting_words, started_link


def run(options: argparse.Namespace) -> int:
    """Start the pipeline; the exit code is its outcome's, or 0 once a detached run has begun."""
    file, _, name = options.file.partition("#")
    loaded = catalog.load(Path(file), name or None)
    made = options_for(options)
    sessions.check_options(loaded, made)
    value = sessions.fit_input(loaded, read_input(options.input, options.sets))
    words = {"file": str(loaded.path), "name": loaded.program.name, "input": value}
    if not options.detach:
        return host(options, loaded.place.root, ("run", words), lambda made: sessions.start(loaded, value, made))
    with started_link(loaded.place.root) as server:
        begun = server.ask("run", **words, **hosting_words(made, park=True), detach=True)
    sys.stdout.write(f"{begun['run']}\n")
    return exits.COMPLETED
