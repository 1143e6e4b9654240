"""Values as text for people: on one line, cut to a length, and without anything that could move a terminal's cursor."""

import json
from typing import Any


def value_text(value: Any, limit: int = 100) -> str:
    """A value on one line, cut to `limit` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = printable(" ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str) -> str:
    """Text that can not move a terminal's cursor: control characters and lone surrogates as `·`."""
    return "".join(
        char if char.isprintable() or char == "\t" else "·" for char in text.encode("utf-8", "replace").decode()
    )
