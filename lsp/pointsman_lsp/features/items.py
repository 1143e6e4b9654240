"""What completion offers: one item, with the edit that puts it into the text."""

from dataclasses import dataclass
from typing import Literal

from pointsman_lsp.features import TextEdit

Kind = Literal[
    "key",
    "stage",
    "agent",
    "tool",
    "policy",
    "file",
    "folder",
    "module",
    "function",
    "value",
    "variable",
    "field",
    "method",
    "keyword",
]

TRIGGERS: tuple[str, ...] = (" ", ":", ".", "/", '"', "'", "[", "{")
"""The signs behind which an editor asks by itself."""


@dataclass(frozen=True, slots=True)
class Item:
    """One offer. `doc` is Markdown; `sort` and `filter` stand for the label when they are given.

    `snippet`: the text of the edit has tab stops (`$1`), and its own `$`, `}` and `\\` are escaped.
    Its further lines are without the indentation of the line it is put into: editors add that themselves.
    """

    label: str
    kind: Kind
    edit: TextEdit
    detail: str = ""
    doc: str = ""
    sort: str = ""
    filter: str = ""
    snippet: bool = False
