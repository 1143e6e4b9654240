"""Cuts the text of an expression into tokens; never fails: what is no token of CEL becomes a `bad` one."""

from collections.abc import Iterator
from re import VERBOSE
from re import compile as regex
from typing import NamedTuple


class Token(NamedTuple):
    """`kind` is `int uint float string bytes name quoted open bad end`, or an operator or keyword as itself.

    `quoted` is a field in backquotes; `open` is a string whose quote never closes. Offsets are code points.
    """

    kind: str
    start: int
    end: int
    text: str


KEYWORDS = frozenset({"true", "false", "null", "in"})

# CEL keeps these for itself; they may name fields, never roots or variables.
RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return", "var", "void", "while"}
)

# Longest forms first. A raw string knows no escapes, so its closing quote is the first one. Two groups catch a
# string that never closes: a short one ends with its line (the rest of a template must survive), a long one with
# the text.
_TOKEN = regex(
    r"""
      (?P<blank>[ \t\n\r\f]+|//[^\n]*)
    | (?P<string>
          (?P<raw>[rR][bB]?|[bB][rR])(?:\"{3}(?s:.*?)\"{3}|'{3}(?s:.*?)'{3}|"(?!"")[^"\n\r]*"|'(?!'')[^'\n\r]*'|""|'')
        | [bB]?(?:\"{3}(?s:\\.|[^\\])*?\"{3}|'{3}(?s:\\.|[^\\])*?'{3}
              |"(?!"")(?:\\.|[^\\"\n\r])*"|'(?!'')(?:\\.|[^\\'\n\r])*'|""|'')
      )
    | (?P<open>(?:[rR][bB]?|[bB][rR]?)?(?:\"{3}(?s:.*)|'{3}(?s:.*)|"[^\n\r]*|'[^\n\r]*))
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<float>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    | (?P<int>0[xX][0-9a-fA-F]+|[0-9]+)(?P<unsigned>[uU])?
    | (?P<operator>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}])
    | (?P<quoted>`[^`\n\r]*`)
    | (?P<bad>(?s:.))
    """,
    VERBOSE,
)


def scan(text: str, start: int = 0) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each piece from an offset on, blanks too, read as they are asked for."""
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup or "bad"
        yield match[0] if kind == "operator" else kind, match.start(), match.end()


def tokens(text: str) -> list[Token]:
    """All tokens without blanks and comments, then one of kind `end` at the end of the text."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "blank":
            continue
        word = match[0]
        if kind == "operator" or (kind == "name" and word in KEYWORDS):
            kind = word
        elif kind == "unsigned":
            kind = "uint"
        elif kind == "string" and "b" in word[: min(2, word.find(word[-1]))].lower():
            kind = "bytes"
        found.append(Token(kind or "bad", *match.span(), word))
    found.append(Token("end", len(text), len(text), ""))
    return found
