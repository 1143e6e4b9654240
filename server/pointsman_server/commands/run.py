"""`pointsman run`: start a pipeline and stay with it to its end, in the workspace's server if that is up.

A file that is broken is not run. Where the server has known it before, its last good version is live there, and that
one runs, with a note.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from pointsman.errors import Refusal, RefusedDefinition
from pointsman.runtime import catalog, sessions
from pointsman.runtime.sessions import Options, Session
from pointsman.runtime.workspace import find_place
from pointsman_server import exits
from pointsman_server.hosting import host, options_for
from pointsman_server.inputs import read_input
from pointsman_server.remote import hosting_words, link, started_link


def run(options: argparse.Namespace) -> int:
    """Start the pipeline; the exit code is its outcome's, or 0 once a detached run has begun."""
    file, _, name = options.file.partition("#")
    made, value = options_for(options), read_input(options.input, options.sets)
    try:
        loaded = catalog.load(Path(file), name or None)
    except RefusedDefinition as refused:
        return _last_good(options, Path(file), name, value, refused)
    sessions.check_options(loaded, made)
    value = sessions.fit_input(loaded, value)
    words = {"file": str(loaded.path), "name": loaded.program.name, "input": value}
    if options.detach:
        return detached(loaded.place.root, ("run", words), made)
    return host(options, loaded.place.root, ("run", words), lambda made: sessions.start(loaded, value, made))


def detached(root: Path, verb: tuple[str, dict[str, Any]], made: Options) -> int:
    """Leave a run to the server, and print its id."""
    with started_link(root) as server:
        begun = server.ask(verb[0], **verb[1], **hosting_words(made, park=True), detach=True)
    if begun["note"]:
        sys.stderr.write(f"note: {begun['note']}\n")
    sys.stdout.write(f"{begun['run']}\n")
    return exits.COMPLETED


def _last_good(options: argparse.Namespace, file: Path, name: str, value: Any, refused: RefusedDefinition) -> int:
    """Run the last good version of a broken file, where the server has one. Raises RefusedDefinition."""

    def none_here(made: Options) -> Session:
        raise refused

    root = find_place(file).root
    server = link(root)
    if server is None:
        raise refused
    server.close()
    verb = "run", {"file": str(file.resolve()), "name": name or None, "input": value}
    try:
        return detached(root, verb, options_for(options)) if options.detach else host(options, root, verb, none_here)
    except Refusal as error:
        if error.code == "refused":
            raise refused from None
        raise
