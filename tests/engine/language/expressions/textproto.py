"""Reads protocol buffer text format, as far as the files of cel-spec use it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<blank>[\s,;]+|\#[^\n]*)|(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<word>\[[^\]]*\]|[-+.\w]+)|(?P<mark>[{}:])""",
    re.S,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.S)
_SIMPLE = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


@dataclass
class Message:
    """The fields of a message in order; a value is bytes (a string), a word or a message."""

    fields: list[tuple[str, "Message | bytes | str"]] = field(default_factory=list)

    def all(self, name: str) -> list["Message | bytes | str"]:
        return [value for key, value in self.fields if key == name]

    def messages(self, name: str) -> list["Message"]:
        return [value for value in self.all(name) if isinstance(value, Message)]

    def message(self, name: str) -> "Message | None":
        return next(iter(self.messages(name)), None)

    def text(self, name: str) -> str:
        value = next(iter(self.all(name)), b"")
        assert not isinstance(value, Message)
        return value.decode() if isinstance(value, bytes) else value


def read(text: str) -> Message:
    """The message a file holds."""
    tokens = list(_tokens(text))
    message, at = _message(tokens, 0)
    assert at == len(tokens)
    return message


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None, text[at : at + 40]
        at = found.end()
        if found.lastgroup != "blank":
            yield str(found.lastgroup), found[0]


def _message(tokens: list[tuple[str, str]], at: int) -> tuple[Message, int]:
    message = Message()
    while at < len(tokens) and tokens[at] != ("mark", "}"):
        name = tokens[at][1]
        at += 1
        if tokens[at] == ("mark", ":"):
            at += 1
        kind, word = tokens[at]
        if word == "{" and kind == "mark":
            inner, at = _message(tokens, at + 1)
            message.fields.append((name, inner))
            at += 1
        elif kind == "string":
            value = b""
            while at < len(tokens) and tokens[at][0] == "string":  # strings in a row are one
                value += _unescaped(tokens[at][1][1:-1])
                at += 1
            message.fields.append((name, value))
        else:
            message.fields.append((name, word))
            at += 1
    return message, at


def _unescaped(body: str) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        octal, hexadecimal, short, long, simple = found.groups()
        if octal or hexadecimal:
            return bytes((int(octal, 8) if octal else int(hexadecimal, 16),))
        if short or long:
            return chr(int(short or long, 16)).encode()
        return _SIMPLE.get(simple, simple)

    return _ESCAPE.sub(one, body.encode())
