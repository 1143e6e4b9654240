"""Asking the person at this terminal."""

import asyncio
import json
from typing import Any

from pointsman.kernel.effects import Ask
from pointsman.kernel.interrupts import complaint

YES = {"y": True, "yes": True, "n": False, "no": False}


async def ask_person(ask: Ask) -> Any:
    """The answer, asked again until it fits; None when the person leaves (end of input), which parks the run."""
    while True:
        try:
            typed = await asyncio.to_thread(input, _prompt(ask))
        except EOFError:
            return None
        try:
            value = read_answer(ask, typed)
        except ValueError as error:
            print_line(f"  {error}")
            continue
        problem = complaint(ask, value)
        if problem is None:
            return value
        print_line(f"  that does not fit: {problem}")


def read_answer(ask: Ask, typed: str) -> Any:
    """What was typed as a value: y/n for a confirmation, text for a clarification, JSON for a review."""
    typed = typed.strip()
    yes = YES.get(typed.lower())
    if ask.about == "in_doubt" or ask.what == "confirmation":
        if yes is None:
            raise ValueError("answer y or n")
        return {"happened" if ask.about == "in_doubt" else "approved": yes}
    if ask.what == "clarification":
        return {"text": typed}
    return json.loads(typed)


def print_line(text: str) -> None:
    """A line on the person's terminal."""
    import sys

    sys.stdout.write(text + "\n")


def _prompt(ask: Ask) -> str:
    who = f" ({ask.assignee})" if ask.assignee else ""
    how = {"confirmation": "[y/n]", "clarification": "", "review": "(JSON)"}.get(ask.what, "")
    return f"\n? {ask.stage}{who}: {ask.question} {how}\n> "
