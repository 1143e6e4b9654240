"""Debug sessions as text: `→` is what a client sends, `←` what it is told, `$` a command run beside it.

    → next {"threadId": 1}
    ← next
    ← (stopped) {"reason": "step", ...}

The lines that do something can be played again; what comes of it is written in the same way, without numbers of
messages, run ids and folders, which differ each time. Left out too is what says nothing new: the answer to
`initialize`, and the name of a source that is its file's.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cli import pointsman
from e2e.dap_sessions import Patient, adapter
from e2e.servers import until

Json = Any
WIDTH = 120
INDENT = 8
"""Of what does not fit into one line, about."""

VANISH = "~ the client is gone without a word; the run goes on to its end"

COMES = dict.fromkeys(
    ("configurationDone", "continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "terminate"),
    ("stopped", "terminated"),
) | dict.fromkeys(("setVariable", "setExpression"), ("invalidated",))
"""What comes after an answer, and is waited for."""

RUN_IDS = re.compile(r"\b\d{8}-\d{6}-[a-z0-9]{6}\b(, \d{8}-\d{6}-[a-z0-9]{6}\b)*")
"""One, or as many as there happen to be."""


@dataclass(frozen=True)
class Transcript:
    """A title, and what is done in the session, in order."""

    title: str
    acts: tuple[str, ...]


def read(text: str) -> Transcript:
    """Take a transcript apart; what was told is left out."""
    title, _, rest = text.partition("\n\n")
    joined = re.sub(r"\n +", " ", rest)
    return Transcript(title, tuple(line for line in joined.splitlines() if line[:1] in ("→", "$", "~")))


async def play(transcript: Transcript, root: Path) -> str:
    """Do again what the transcript does, in a workspace; the transcript that comes of it."""
    written = [transcript.title, ""]
    acts = list(transcript.acts)
    while acts:
        if acts[0].startswith("$"):
            written += _command(acts.pop(0), root)
            continue
        async with adapter(root, Patient) as client:
            gone = await _session(client, acts, root)
            if not gone:
                await client.exit_code()
        written += [line for way, one in client.said for line in _lines(way, _plain(one, root))]
        if gone:
            until(root, lambda status: not status["runs"])
            written.append(VANISH)
    return "\n".join(written) + "\n"


async def _session(client: Patient, acts: list[str], root: Path) -> bool:
    """One client from its first act to its last; whether it went without a word."""
    while acts and not acts[0].startswith("$"):
        act = acts.pop(0)
        if act.startswith("~"):
            return True
        _, command, text = [*act.split(" ", 2), ""][:3]
        arguments = json.loads(text.replace("<workspace>", str(root))) if text else None
        seq = client.ask(command, arguments)
        if command in ("launch", "attach"):
            await client.until("initialized", "terminated")
            continue
        answer = await client.answer(seq)
        if command in COMES and answer["success"]:
            await client.until(*COMES[command])
        if command == "disconnect":
            return False
    return False


def _command(act: str, root: Path) -> Iterator[str]:
    ran = pointsman(*shlex.split(act)[2:], cwd=root)
    yield act
    yield f"= exit code {ran.code}"


def _lines(way: str, message: Json) -> Iterator[str]:
    arrow = "→" if way == "->" else "←"
    match message:
        case {"type": "request", "command": name}:
            body = message.get("arguments")
        case {"type": "event", "event": event}:
            name, body = f"({event})", message.get("body")
        case {"success": False, "command": command}:
            error = message["body"]["error"]
            name, body = f"{command} refused", [error["id"], *error["variables"].values()]
        case {"command": "initialize"}:
            name, body = "initialize", None
        case {"command": name}:
            body = message.get("body")
        case _:
            raise AssertionError(message)
    said = f"{arrow} {name}"
    first, *rest = [""] if body is None else _laid_out(body, len(said) + 1)
    yield f"{said} {first}".rstrip()
    yield from (f"    {line}" for line in rest)


def _plain(value: Json, root: Path) -> Json:
    """Without what differs each time, and before it is laid out: a folder's name may be long or short."""
    match value:
        case {"name": name, "path": path, **rest} if not rest and Path(path).name == name:
            return _plain(path, root)
        case dict():
            return {key: _plain(item, root) for key, item in value.items()}
        case list():
            return [_plain(item, root) for item in value]
        case str():
            return RUN_IDS.sub("<run>", value.replace(str(root), "<workspace>"))
        case _:
            return value


def _laid_out(value: Json, indent: int) -> list[str]:
    """JSON in one line where it fits; else a list with each item on a line, a mapping with as many members as fit."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= WIDTH or not value or not isinstance(value, dict | list):
        return [flat]
    if isinstance(value, list):
        laid = [_laid_out(item, INDENT) for item in value]
        return _joined("[", laid, "]", lambda line, more: False)
    laid = []
    for key, item in value.items():
        first, *rest = _laid_out(item, INDENT + len(key) + 4)
        laid.append([f"{json.dumps(key)}: {first}", *rest])
    return _joined("{", laid, "}", lambda line, more: len(line) + len(more) + INDENT <= WIDTH)


def _joined(opening: str, laid: Sequence[Sequence[str]], closing: str, fits: Callable[[str, str], bool]) -> list[str]:
    lines = [opening]
    for number, (first, *rest) in enumerate(laid, 1):
        comma = "," if number < len(laid) else ""
        more = first + ("" if rest else comma)
        if number > 1 and not rest and fits(lines[-1], more):
            lines[-1] += f" {more}"
        else:
            lines.append(f"  {more}")
        lines += [f"  {line}" for line in rest]
        lines[-1] += comma if rest else ""
    return [*lines, closing]
