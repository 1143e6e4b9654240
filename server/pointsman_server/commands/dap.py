"""`pointsman dap`: the bridge from a debugger's client to the workspace's server."""

import argparse

from pointsman.folders import find_root
from pointsman_server.bridge import bridge


def run(options: argparse.Namespace) -> int:
    """Be a bridge until the client or the server ends it."""
    return bridge("dap", find_root(options.root) if options.root else None)
