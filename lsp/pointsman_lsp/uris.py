"""URIs of clients: which document one names, and where its text lies or would lie."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pointsman.uris import file_path as named_path

_DRIVE = re.compile(r"/?([A-Za-z]):(?=/|$)")


def key_of(uri: str) -> str:
    """The same for every spelling of a document's URI: escapes or none, and any case of a Windows drive."""
    path = file_path(uri)
    if path is None:
        return unquote(uri)
    return _DRIVE.sub(lambda found: f"/{found[1].lower()}:", path.replace("\\", "/"), count=1)


def file_path(uri: str) -> str | None:
    """The path that a `file:` URI names, normalised; None for every other URI."""
    path = named_path(uri)
    return os.path.normpath(_readable(path)) if path else None


def place_of(uri: str, base: Path) -> Path:
    """Where a document lies; one that is no file would lie in `base`, where it does not say better."""
    path = file_path(uri)
    if path is not None:
        return Path(path)
    try:
        named = _readable(unquote(urlsplit(uri).path))
    except ValueError:
        named = ""
    return base / (named or "untitled")


def _readable(path: str) -> str:
    # No file system has a name with NUL or half a character in it, and asking one raises.
    return path.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
