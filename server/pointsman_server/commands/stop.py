"""`pointsman stop`: end this workspace's server."""

import argparse
import sys
from pathlib import Path

from pointsman.errors import Refusal
from pointsman.folders import find_root
from pointsman_server import exits
from pointsman_server.remote import link
from pointsman_server.rendezvous import home, own_folder, wait_gone

SECONDS = 20.0
"""How long workers and clients may take to be gone."""


def run(options: argparse.Namespace) -> int:
    """Stop it, and wait until it is gone. That there is none is no error."""
    root = find_root(own_folder())
    server = link(Path(root))
    if server is None:
        sys.stdout.write(f"no server runs for {root}\n")
        return exits.COMPLETED
    folder = home(root)
    with server:
        pid = server.welcome["pid"]
        said = server.ask("stop", force=options.force)
    if not wait_gone(folder, SECONDS, pid):
        raise Refusal("server_stays", f"the server, process {pid}, does not end", f"See: {server.welcome['log']}")
    sys.stdout.write(f"stopped the server of {root}\n")
    for run_id in said["interrupted"]:
        sys.stdout.write(f"interrupted {run_id}: pointsman resume {run_id}\n")
    return exits.COMPLETED
