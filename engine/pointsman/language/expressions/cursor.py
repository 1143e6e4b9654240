"""Where the parser stands in its tokens, and how it goes on after what it did not expect."""

from collections.abc import Callable
from typing import TypeVar

from pointsman.language.expressions.lexer import Token, tokens
from pointsman.language.expressions.nodes import Error
from pointsman.language.expressions.problems import Problems

Item = TypeVar("Item")

CLOSERS = {"(": ")", "[": "]", "{": "}"}
CLOSING = frozenset(CLOSERS.values())
STARTS = frozenset(
    {"int", "uint", "float", "string", "bytes", "open", "name", "true", "false", "null", "(", "[", "{", "!", "-", "."}
)
INSTEAD = {"=": "==", "&": "&&", "|": "||", "and": "&&", "or": "||"}


class Cursor:
    """The tokens of one text, read once from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.token = self.tokens[0]
        self.end = 0  # where the last token taken ends
        self.closers: list[str] = []  # what would close the brackets we are in
        self.problems = Problems()

    def advance(self) -> None:
        """Takes the token; the `end` token is never taken."""
        token = self.token
        if token.kind != "end":
            self.end = token.end
            self.at += 1
            self.token = self.tokens[self.at]

    def give_up(self, message: str) -> Error:
        """Reports, and takes all the rest: the brackets around it must not each be reported as open."""
        token = self.token
        self.problems.add(token.start, token.end, message)
        self.problems.closed = True
        self.at = len(self.tokens) - 1
        self.token = self.tokens[self.at]
        self.end = self.token.end
        return Error(token.start, self.end)

    def sequence(self, opener: Token, item: Callable[[], Item], trailing: bool) -> tuple[list[Item], bool]:
        """Items between commas up to the bracket that closes `opener` (taken already), and whether it is there.

        `trailing` says whether a comma may stand before the closing bracket.
        """
        close = CLOSERS[opener.kind]
        self.closers.append(close)
        items: list[Item] = []
        comma: Token | None = None
        while True:
            token = self.token
            if token.kind == close:
                if comma is not None and not trailing:
                    items.append(item())  # reports that something is missing after the comma
                self.advance()
                closed = True
                break
            if token.kind == "end" or (token.kind in CLOSING and token.kind in self.closers):
                self.problems.add(opener.start, opener.end, f"`{opener.text}` is never closed")
                self.end = max(self.end, token.start)
                if comma is not None:
                    self.problems.closed, before = True, self.problems.closed
                    items.append(item())  # a hole, for the cursor that stands in it
                    self.problems.closed = before
                closed = False
                break
            if token.kind in CLOSING:
                self.problems.add(token.start, token.end, f"`{token.text}` closes nothing")
                self.advance()
                continue
            before_item = self.at
            items.append(item())
            comma = None
            token = self.token
            if token.kind == ",":
                comma = token
                self.advance()
            elif token.kind != "end" and token.kind not in CLOSING:
                self.problems.add(token.start, token.end, f"expected `,` or `{close}`, found {shown(token)}")
                if self.at == before_item or token.kind not in STARTS:
                    self.advance()
        self.closers.pop()
        return items, closed

    def close(self, opener: Token, close: str) -> None:
        """Takes the closing bracket of a single expression, over whatever stands before it."""
        while self.token.kind != close:
            token = self.token
            if token.kind == "end" or (token.kind in CLOSING and token.kind in self.closers):
                self.problems.add(opener.start, opener.end, f"`{opener.text}` is never closed")
                self.end = max(self.end, token.start)
                break
            if token.kind in CLOSING:
                self.problems.add(token.start, token.end, f"`{token.text}` closes nothing")
            else:
                self.problems.add(token.start, token.end, f"expected `{close}`, found {shown(token)}")
            self.advance()
        else:
            self.advance()
        self.closers.pop()

    def missing(self) -> Error:
        """A hole where an expression should start; takes only what can not mean anything to anyone."""
        token = self.token
        if token.kind in ("bad", "quoted"):
            self.unexpected(token)
            self.advance()
            return Error(token.start, token.end)
        if self.at and token.kind != "?":
            before = self.tokens[self.at - 1]
            self.problems.add(before.start, before.end, f"expected an expression after `{before.text}`")
        else:
            self.problems.add(token.start, token.end, f"expected an expression, found {shown(token)}")
        return Error(self.end, max(self.end, token.start))

    def unexpected(self, token: Token) -> None:
        """Reports a token that has no place here."""
        instead = INSTEAD.get(token.text)
        if instead is not None:
            message = f"`{token.text}` is no operator; write `{instead}`"
        elif token.kind == "quoted":
            message = "backquotes name a field and stand after a dot"
        elif token.kind == "bad":
            message = f"{shown(token)} has no meaning in an expression"
        else:
            message = f"expected an operator or the end, found {shown(token)}"
        self.problems.add(token.start, token.end, message, instead=instead or "")


def shown(token: Token) -> str:
    """A token as a message shows it: short, printable, in backquotes."""
    if token.kind == "end":
        return "the end"
    text = token.text if len(token.text) <= 20 else token.text[:19] + "…"
    return f"`{text}`" if text.isprintable() else ascii(text)
