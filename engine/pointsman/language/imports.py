"""Which files of a project a module imports, and those which again: read with a pattern, nothing is run.

Rather too much than too little: a name in a string may look like an import, and costs one file more. What is imported
by a name made at run time is not seen.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from re import MULTILINE
from re import compile as regex

from pointsman.language.modules import candidates

MOST = 300
"""Files that are followed: past them a project is taken as it is."""

_IMPORT = regex(
    rb"(?:^|[;:])[ \t]*(?:from[ \t]*([.\w]+)[ \t]+import\b[ \t]*(\([^)]*\)|[^\n;]*)|import[ \t]+([^\n;]+))", MULTILINE
)
_COMMENT_OR_BREAK = regex(rb"#[^\n]*|\\\r?\n")
"""What lies between the words of an import without being one of them."""
_NAME = regex(rb"([\w.]+)(?:[ \t\r\n]+as[ \t\r\n]+\w+)?")


def closure(
    modules: Iterable[str], roots: tuple[str, ...], read: Callable[[str], bytes | None], most: int = MOST
) -> dict[str, bytes]:
    """The texts by path that importing these modules reads, as far as they lie below the roots. `read` gives a text by
    its path, as seen from where the roots are."""
    found: dict[str, bytes] = {}
    todo = list(dict.fromkeys(modules))
    seen = set(todo)
    while todo and len(found) < most:
        module = todo.pop()
        for path, data in _files(module, roots, read):
            if path not in found:
                found[path] = data
                new = imported(data, module, path.endswith("/__init__.py")) - seen
                seen |= new
                todo += sorted(new)
    return found


@lru_cache(maxsize=1024)
def imported(data: bytes, module: str, is_package: bool) -> frozenset[str]:
    """The modules that a module's text may import, by their full names; names that are no modules are among them."""
    package = module if is_package else module.rpartition(".")[0]
    found: set[str] = set()
    for start, names, plain in _IMPORT.findall(_COMMENT_OR_BREAK.sub(b" ", data)):
        if plain:
            found |= {name.decode() for name in _NAME.findall(plain)}
            continue
        base = _absolute(start.decode(), package)
        if base:
            found |= {base, *(f"{base}.{name.decode()}" for name in _NAME.findall(names) if name != b"as")}
    return frozenset(found)


def _absolute(name: str, package: str) -> str:
    """A module's full name; `..x` inside `a.b` is `a.x`."""
    rest = name.lstrip(".")
    up = len(name) - len(rest)
    if not up:
        return name
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - (up - 1)]
    return ".".join([*parts, rest] if rest else parts)


def _files(module: str, roots: tuple[str, ...], read: Callable[[str], bytes | None]) -> Iterator[tuple[str, bytes]]:
    """The file of a module, and those of the packages it lies in; in the order of imports the first root wins."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        for path in (path for pair in candidates(".".join(parts[:end]), roots) for path in pair):
            data = read(path)
            if data is not None:
                yield path, data
                break
