"""How a value is written into a text: plain where YAML reads it as itself, else in quotes."""

import json
from re import compile as regex

from pointsman.language.scalars import resolve_plain
from pointsman.language.tree import Scalar

# What needs no quotes anywhere, between brackets neither.
_PLAIN = regex(r"[A-Za-z0-9_](?:[A-Za-z0-9_./-]| (?=[A-Za-z0-9_]))*\Z")


def written(text: str, quote: str = "") -> str:
    """A text as a scalar of one line, in these quotes (`'` or `"`), or in none where it needs none."""
    if quote == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if not quote and _PLAIN.match(text) and isinstance(resolve_plain(text), str):
        return text
    return json.dumps(text, ensure_ascii=False)


def quote_of(scalar: Scalar) -> str:
    """The quotes a scalar is written in."""
    return {"single": "'", "double": '"'}.get(scalar.style, "")
