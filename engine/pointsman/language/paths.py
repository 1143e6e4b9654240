"""Paths as text: joined, normalised and made relative with `/`, without asking any file system."""


def folder(path: str) -> str:
    """The folder a path lies in; "" for a bare name."""
    return path.rpartition("/")[0] if "/" in path else ""


def base(path: str) -> str:
    """The last name of a path."""
    return path.rpartition("/")[2]


def join(start: str, path: str) -> str:
    """`path` as seen from the folder `start`, normalised; an absolute path stays what it is."""
    return normal(path if is_absolute(path) or not start else f"{start}/{path}")


def is_absolute(path: str) -> bool:
    """Whether a path starts at a root or a drive."""
    return path.startswith("/") or path[1:3] in (":/", ":\\")


def normal(path: str) -> str:
    """Without `.`, doubled slashes and `..` that can be taken back; "" is the folder itself."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part in ("", "."):
            continue
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(parts)


def relative(path: str, start: str) -> str:
    """The way from the folder `start` to `path`; both from one place, and neither above it."""
    there, here = (
        [part for part in normal(path).split("/") if part],
        [part for part in normal(start).split("/") if part],
    )
    shared = 0
    while shared < min(len(there), len(here)) and there[shared] == here[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])
