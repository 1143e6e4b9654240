"""Where a workspace begins, and the folder in it that is ours. Light: an editor waits for whoever imports this."""

import os
from contextlib import suppress

MARKS = ("pointsman.toml", ".pointsman", ".git")
"""What makes a folder a workspace's root."""

OURS = ".pointsman"


def find_root(folder: str) -> str:
    """The nearest folder upward that has one of the marks; without one, the folder itself. Links are followed."""
    start = here = os.path.realpath(folder)
    while not is_marked(here):
        above = os.path.dirname(here)
        if above == here:
            return start
        here = above
    return here


def is_marked(folder: str) -> bool:
    """Whether a workspace begins here. A `.pointsman` of somebody else's marks nothing of ours."""
    for mark in MARKS:
        try:
            found = os.stat(os.path.join(folder, mark))
        except (OSError, ValueError):
            continue
        if mark != OURS or found.st_uid == os.getuid():
            return True
    return False


def make_ours(root: str) -> str:
    """Our folder in a workspace, made if it is missing: for this user alone, and not for git. Raises OSError."""
    folder = os.path.join(root, OURS)
    if not os.path.isdir(folder):  # the root itself must be there: a mistyped path makes no workspace
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignore):
        with open(ignore, "w", encoding="utf-8") as file:
            file.write("*\n")
    return folder
