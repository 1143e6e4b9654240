"""`pointsman run`: start a pipeline here and stay with it to its end."""

import argparse
from pathlib import Path

from pointsman.runtime import catalog, sessions
from pointsman_server.hosting import host, options_for
from pointsman_server.inputs import read_input


def run(options: argparse.Namespace) -> int:
    """Start the pipeline; the exit code is its outcome's."""
    file, _, name = options.file.partition("#")
    loaded = catalog.load(Path(file), name or None)
    value = read_input(options.input, options.sets)
    return host(options, lambda watcher: sessions.start(loaded, value, options_for(options, watcher)))
