"""Documents for feature tests, made of text: `$0` is the cursor; other files are given by their path."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pointsman.language.analysis import Analysis, Files, analyse, wanted
from pointsman.language.model import Workspace
from pointsman.language.source import Source
from pointsman.language.workspace import read_workspace
from pointsman.runtime.workspace import Place
from pointsman_lsp.analysis.document import Document, Outcomes, no_outcomes

ROOT = Path("/workspace")
CURSOR = "$0"


@dataclass(frozen=True)
class TextDisk:
    """Files that exist in memory alone, by absolute path."""

    files: dict[Path, bytes] = field(default_factory=dict)

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file; `..` in a path is followed."""
        return self.files.get(_normal(path))

    def names(self, folder: Path) -> tuple[str, ...]:
        """The names in a folder, those of folders with a `/`."""
        here = _normal(folder)
        found = set()
        for path in self.files:
            if path.is_relative_to(here) and path != here:
                first, *rest = path.relative_to(here).parts
                found.add(first + "/" if rest else first)
        return tuple(sorted(found))


def at_cursor(
    text: str,
    files: dict[str, str] | None = None,
    name: str = "a.pipeline.yaml",
    outcomes: Outcomes = no_outcomes,
) -> tuple[Document, int]:
    """The document of a text without its `$0`, and the byte offset where it stood."""
    before, found, after = text.partition(CURSOR)
    assert found, "no $0 in the text"
    return document(before + after, files, name, outcomes), len(before.encode())


def document(
    text: str,
    files: dict[str, str] | None = None,
    name: str = "a.pipeline.yaml",
    outcomes: Outcomes = no_outcomes,
) -> Document:
    """A document as the analysis host makes it, in a workspace of these files."""
    path = ROOT / name
    disk = TextDisk({ROOT / at: content.encode() for at, content in (files or {}).items()} | {path: text.encode()})
    settings = disk.read(ROOT / "pointsman.toml")
    place = Place(ROOT, Workspace())
    if settings is not None:
        toml = Source("pointsman.toml", settings)
        place = Place(ROOT, *read_workspace(toml), toml)
    source = Source(name, text.encode())

    def analysed() -> Analysis:
        texts = {one: disk.read(path.parent / one) for one in wanted(source, place.settings)}
        return analyse(source, Files(texts), place.settings)

    return Document(path.as_uri(), path, 1, source, place, disk, analysed, outcomes)


def _normal(path: Path) -> Path:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return Path(*parts)
