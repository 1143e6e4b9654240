"""Values as text for people: redacted, on one line, cut to a length, and without anything that could move a cursor."""

import json
from typing import Any

from pointsman.security.redaction import Redactor


def value_text(value: Any, hide: Redactor, limit: int = 100) -> str:
    """A value on one line, redacted and then cut to `limit` characters.

    In this order, and both of them here: of a secret that straddles the cut no part may be left to be read.
    """
    shown = hide.value(value)
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    text = hide.text(printable(" ".join(hide.text(text).split())))  # a line is read otherwise than what it is made of
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str) -> str:
    """Text that can not move a terminal's cursor: control characters and lone surrogates as `·`."""
    return "".join(
        char if char.isprintable() or char == "\t" else "·" for char in text.encode("utf-8", "replace").decode()
    )
