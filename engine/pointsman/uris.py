"""Files as editors name them: the path in a `file:` URI. Beside `folders`, since a bridge reads one too."""

import os


def file_path(uri: str) -> str | None:
    """The path that a `file:` URI names, unquoted and otherwise as it stands; None for every other text."""
    from urllib.parse import unquote, urlsplit  # a bridge that is told no URI does without

    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme.lower() != "file":
        return None
    path = unquote(parts.path)
    if parts.netloc and parts.netloc.lower() != "localhost":
        path = f"//{parts.netloc}{path}"
    return path.lstrip("/") if os.name == "nt" and path[2:3] == ":" else path
