"""Where things stand in a text, counted independently of any server: lines end at \\n, \\r\\n and \\r alone."""

from __future__ import annotations

import re
from typing import Any

Json = Any

_END = re.compile(r"\r\n|\n|\r")


def place(text: str, index: int, encoding: str) -> Json:
    """The position of a character, in code units of the encoding."""
    line, start = 0, 0
    for end in _END.finditer(text):
        if end.end() > index:
            break
        line, start = line + 1, end.end()
    return {"line": line, "character": units(text[start:index], encoding)}


def span(text: str, word: str, encoding: str) -> Json:
    """The range of a word, where it stands last."""
    start = text.rindex(word)
    return {"start": place(text, start, encoding), "end": place(text, start + len(word), encoding)}


def units(text: str, encoding: str) -> int:
    """The length of a text in code units."""
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    return len(text.encode({1: "utf-8", 2: "utf-16-le", 4: "utf-32-le"}[size], "surrogatepass")) // size


def replaced(text: str, word: str, other: str) -> str:
    """The text with the last of a word replaced."""
    start = text.rindex(word)
    return text[:start] + other + text[start + len(word) :]


def words(text: str, count: int) -> list[int]:
    """Where the last words of a text begin."""
    return [found.start() for found in re.finditer(r"[A-Za-z]\w*", text)][-count:]
