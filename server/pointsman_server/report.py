"""How a run ended: for a person the outcome, the output or the cause, and what to do next; for a program one object."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from pointsman.kernel.effects import Ask
from pointsman.kernel.state import State, digest
from pointsman.runtime.questions import answer_example, question_name
from pointsman.runtime.words import printable
from pointsman.security.redaction import Redactor
from pointsman_server.render import pretty
from pointsman_server.views import SIGNS

WORDS = {
    "completed": ("done", "completed"),
    "failed": ("failed", "failed"),
    "limit": ("failed", "ended by a limit"),
    "denied": ("failed", "denied by policy"),
    "cancelled": ("cancelled", "cancelled"),
    "": ("asking", "waits for a person"),
}


def print_report(state: State, questions: list[Ask], hide: Redactor) -> None:
    """Print the end of a run to standard output."""
    out = sys.stdout
    status, words = WORDS[state.outcome]
    colour = {"done": "32", "failed": "1;31", "cancelled": "2", "asking": "1;33"}[status]
    head = f"{SIGNS[status]} {words}"
    out.write(f"\n\x1b[{colour}m{head}\x1b[0m" if out.isatty() else f"\n{head}")
    out.write(f" · run {state.run_id}\n")
    if state.error:
        place = f" at {state.error.stage}" if state.error.stage else ""
        out.write(f"  {state.error.klass}/{state.error.code}{place}: {hide.text(state.error.message)}\n")
        if state.error.traceback:
            out.write(
                "".join(f"  │ {printable(line)}\n" for line in hide.text(state.error.traceback).rstrip().splitlines())
            )
    if state.outcome == "completed":
        out.write(pretty(hide.value(state.output)) + "\n")
    for ask in questions:
        out.write(f"  ? {ask.stage}: {hide.text(ask.question)}\n")
    out.write("\nNext:\n" + "".join(f"  {line}\n" for line in _next(state, questions)))


def summary(state: State, questions: list[Ask], hide: Redactor) -> dict[str, Any]:
    """A run's end as one object."""
    error = state.error
    said = {
        "run": state.run_id,
        "pipeline": state.started.pipeline,
        "outcome": state.outcome or "waiting",
        "output": state.output,
        "error": None
        if error is None
        else {"class": error.klass, "code": error.code, "message": error.message, "stage": error.stage},
        "digest": digest(state),
        "questions": [
            {"stage": question_name(ask, questions), "kind": ask.what, "question": ask.question, "about": ask.about}
            for ask in questions
        ],
        "used": {
            "iterations": state.used.iterations,
            "hops": state.used.hops,
            "llm_calls": state.used.llm_calls,
            "tool_calls": state.used.tool_calls,
            "tokens": state.used.tokens,
            "cost": state.used.cost,
        },
    }
    return hide.envelope(said)


def command_name() -> str:
    """What this person has to type for `pointsman`: the name where it is on PATH, else the way to it."""
    if shutil.which("pointsman"):
        return "pointsman"
    script = Path(sys.argv[0])
    if script.name != "pointsman":
        return "python -m pointsman_server"
    return os.path.relpath(script)


def _next(state: State, questions: list[Ask]) -> list[str]:
    run, pointsman = state.run_id, command_name()
    hints = []
    for ask in questions:
        name, example = question_name(ask, questions), answer_example(ask)
        hints.append(f"{pointsman} answer {run} {name} '{example}'")
    hints.append(f"{pointsman} show {run}      what it did, stage by stage")
    if state.ended:
        hints.append(f"{pointsman} replay {run}    live it again, without one call")
    return hints
