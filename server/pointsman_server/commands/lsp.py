"""`pointsman lsp`: the bridge from an editor to the workspace's server."""

import argparse

from pointsman.folders import find_root
from pointsman_server.bridge import bridge


def run(options: argparse.Namespace) -> int:
    """Be a bridge until the editor or the server ends it."""
    return bridge("lsp", find_root(options.root) if options.root else None)
