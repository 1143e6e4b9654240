"""Asking the person at this terminal."""

import asyncio
import json
import os
import sys
from types import TracebackType
from typing import Any, Self

from pointsman.kernel.effects import Ask
from pointsman.kernel.interrupts import complaint
from pointsman.runtime.questions import answer_example
from pointsman.security.redaction import Redactor

YES = {"y": True, "yes": True, "n": False, "no": False}


class Lines:
    """What is typed at this terminal, line by line, so that waiting for it can be given up at any time."""

    def __init__(self) -> None:
        self._typed = bytearray()
        self._more = asyncio.Event()
        self._over = False

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())

    async def next(self) -> str | None:
        """The next line, None at the end of input."""
        while b"\n" not in self._typed:
            if self._over:
                return None
            self._more.clear()
            await self._more.wait()
        line, _, rest = bytes(self._typed).partition(b"\n")
        self._typed = bytearray(rest)
        return line.decode("utf-8", "replace")

    def _read(self) -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        self._typed += data
        self._over = not data
        if self._over:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self._more.set()


async def ask_person(ask: Ask, lines: Lines, hide: Redactor) -> Any:
    """The answer, asked again until it fits; None when the person leaves (end of input), which parks the run."""
    while True:
        print_text(hide.text(_prompt(ask)))
        typed = await lines.next()
        if typed is None:
            return None
        try:
            value = read_answer(ask, typed)
        except ValueError as error:
            print_text(f"  {error}\n")
            continue
        problem = complaint(ask, value)
        if problem is None:
            return value
        print_text(f"  that does not fit: {problem}\n")


def read_answer(ask: Ask, typed: str) -> Any:
    """What was typed as a value: y/n for a confirmation, text for a clarification, JSON for the rest."""
    typed = typed.strip()
    if ask.about == "stage" and ask.what == "clarification":
        return {"text": typed}
    if ask.about == "stage" and ask.what == "review":
        return json.loads(typed)
    if ask.about == "in_doubt" and typed.startswith("{"):
        return json.loads(typed)
    yes = YES.get(typed.lower())
    if yes is None:
        raise ValueError("answer y or n" + (f", or {answer_example(ask)}" if ask.about == "in_doubt" else ""))
    return {"happened" if ask.about == "in_doubt" else "approved": yes}


def print_text(text: str) -> None:
    """Text on the person's terminal, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _prompt(ask: Ask) -> str:
    who = f" ({ask.assignee})" if ask.assignee else ""
    how = {"confirmation": "[y/n]", "clarification": "", "review": "(JSON)"}.get(ask.what, "")
    return f"\n? {ask.stage}{who}: {ask.question} {how}\n> "
