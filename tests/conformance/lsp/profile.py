"""What the kit must know about a kind of server to see what it sees: a small TOML file per kind."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("profiles")
NOTE = "@note@"
PLAIN_NOTE = "plain"


@dataclass(frozen=True, slots=True)
class Profile:
    """A text of the server's language, and the places in it where the server is known to answer.

    `text` holds `@note@` in a line where any characters may stand, and below it `symbol`, a word that the server knows
    something about, and `error`, a word at which a diagnostic begins. `mended` in place of `error` takes the diagnostic
    away. `line` is a text with `@note@` and `line_error` in one line. An `error` that is empty is not known for this
    kind of server; `line_error` is then a word it knows something about.
    """

    name: str
    language: str
    file: str
    text: str
    symbol: str
    line: str
    line_error: str
    mended: str
    error: str = ""
    match: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    initialization_options: dict[str, Any] | None = None

    def document(self, note: str = PLAIN_NOTE) -> str:
        """The text with these characters in its line for notes."""
        return self.text.replace(NOTE, note)


def read(path: Path) -> Profile:
    """A profile from its file; the name is the file's."""
    data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    return Profile(name=path.stem, match=tuple(data.pop("match", ())), **data)


def choose(argv: list[str]) -> Profile:
    """The profile whose `match` occurs in the command; else `plain`."""
    command = " ".join(argv)
    for path in sorted(FOLDER.glob("*.toml")):
        profile = read(path)
        if any(word in command for word in profile.match):
            return profile
    return read(FOLDER / "plain.toml")
