"""Texts with their diagnostics written under the lines they speak of, as the fixtures in `data/diagnostics` have them.

    agent: clasify
           ^^^^^^^ error[unknown_agent] there is no agent clasify; did you mean "classify"? (fix: classify)

A fixture may go on with files around it, each after a line `=== path`, and with `=== top_level: json os`, the modules
of the interpreter. A range that is empty or ends on a later line is marked on its first line.
"""

import re
from dataclasses import dataclass

from pointsman.language.analysis import Analysis, Files, analyse, wanted
from pointsman.language.model import Workspace
from pointsman.language.source import Source
from pointsman.language.workspace import read_workspace

MARK = re.compile(r" *\^+ (?:error|warning|hint)\[\w+\].*\n?")
PART = re.compile(r"(?m)^=== (.*)\n")


@dataclass(frozen=True)
class Marked:
    """A fixture: the bare text, and all that stands around it."""

    name: str
    text: str
    around: dict[str, bytes]
    top_level: frozenset[str] | None

    def analyse(self, text: str | None = None) -> Analysis:
        """The analysis of this text, or of another one in the same surroundings."""
        source = Source(self.name, (self.text if text is None else text).encode("utf-8", "surrogateescape"))
        workspace = Workspace()
        if "pointsman.toml" in self.around:
            workspace, found = read_workspace(Source("pointsman.toml", self.around["pointsman.toml"]))
            assert not found
        files = {path: self.around.get(path) for path in wanted(source, workspace)}
        return analyse(source, Files(files, self.top_level), workspace)


def read_marked(name: str, data: bytes) -> Marked:
    """A fixture without its marks. Invalid UTF-8 is kept as lone surrogates, which count as one column each."""
    text, *parts = PART.split(data.decode("utf-8", "surrogateescape"))
    around, top_level = {}, None
    for path, content in zip(parts[::2], parts[1::2], strict=True):
        if path.startswith("top_level:"):
            top_level = frozenset(path.removeprefix("top_level:").split())
        else:
            around[path] = content.encode("utf-8", "surrogateescape")
    bare = "".join(line for line in text.splitlines(keepends=True) if not MARK.fullmatch(line))
    # A workspace file has one name only.
    name = "pointsman.toml" if name.endswith(".toml") else name
    return Marked(name, bare, around, top_level)


def annotated(text: str, analysis: Analysis) -> str:
    """The text with a mark under every line that a diagnostic starts on."""
    source = analysis.source
    marks: dict[int, list[str]] = {}
    for found in analysis.diagnostics:
        line, column = source.position(found.span.start)
        last, end = source.position(found.span.end)
        width = len(source.line_text(line - 1)) + 1 - column if last > line else end - column
        fix = f" (fix: {found.fix.text})".replace("\n", "\\n") if found.fix else ""
        mark = " " * (column - 1) + "^" * max(width, 1) + f" {found.severity}[{found.code}] {found.message}{fix}"
        marks.setdefault(line, []).append(mark + "\n")
    lines = text.splitlines(keepends=True) or [""]
    if lines[-1].endswith("\n"):
        lines.append("")
    shown: list[str] = []
    for number, content in enumerate(lines, 1):
        here = marks.get(number, [])
        shown.append(content + "\n" if here and content and not content.endswith("\n") else content)
        shown += here
    return "".join(shown)


def fixed(text: str, analysis: Analysis, index: int) -> str:
    """The text after the fix of one diagnostic."""
    fix = analysis.diagnostics[index].fix
    assert fix is not None
    data = analysis.source.data
    return (data[: fix.span.start] + fix.text.encode() + data[fix.span.end :]).decode("utf-8", "surrogateescape")
