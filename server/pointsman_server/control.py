"""Control connections: what the command line asks of the server, one JSON object a line each way.

A request is `{"id", "verb", ...}`; its answer `{"id", "result"}` or `{"id", "error": {class, code, message, hint}}`.
Whoever has started or taken up a run here is told `{"run", "seq"}` after each commit, and `{"run", "end"}` when it is
here no more; the events themselves are read from the journal, where they are already when the notice comes.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pointsman import __version__
from pointsman.errors import Misuse, PointsmanError, RunUnavailable
from pointsman.kernel.events import Record
from pointsman.kernel.state import State
from pointsman.runtime.around import Hold
from pointsman.runtime.desk import prepared
from pointsman.runtime.registry import Live
from pointsman.runtime.sessions import Options
from pointsman.runtime.workspace import find_place
from pointsman_server.clients import Client, Serving
from pointsman_server.memory import memory_bytes

Words = dict[str, Any]

LINE_LIMIT = 64 << 20
"""Bytes of one request: a run's input is in it."""


async def serve(
    server: Serving, client: Client, reader: asyncio.StreamReader, verbs: Container[str] | None = None
) -> int:
    """Serve one command until it leaves; the runs it started go on, parked where only a person can help.

    `verbs` are those that there are, if not all.
    """
    control = Control(server, client, verbs)
    try:
        async for line in _lines(reader):
            await control.take(line)
    finally:
        control.leave()
    return 0


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a connection, to its end or to one that is longer than anything we are asked."""
    data = bytearray()
    while len(data) < LINE_LIMIT and (more := await reader.read(1 << 16)):
        data += more
        while (end := data.find(b"\n")) >= 0:
            line = bytes(data[:end])
            del data[: end + 1]
            yield line


class Control:
    """One control connection and the runs it follows."""

    def __init__(self, server: Serving, client: Client, verbs: Container[str] | None = None) -> None:
        self._server = server
        self._verbs = {name: verb for name, verb in _VERBS.items() if verbs is None or name in verbs}
        self._writer = client.writer
        self._followed: dict[str, Callable[[], object]] = {}
        self._attended: set[str] = set()

    async def take(self, line: bytes) -> None:
        """Answer one request; a request that can not be met is an answer too."""
        words: Words = {}
        try:
            words = json.loads(line)
            verb = self._verbs.get(words["verb"])
            if verb is None:
                raise Misuse("verb_unknown", f"this server does not know {words['verb']!r}", "Is it an older version?")
            self._say({"id": words.get("id"), "result": await verb(self, words)})
        except PointsmanError as error:
            self._say({"id": words.get("id"), "error": error_words(error)})
        except (ValueError, KeyError, TypeError) as error:
            flaw = Misuse("request_unfit", f"this is no request: {type(error).__name__}: {error}")
            self._say({"id": words.get("id") if isinstance(words, dict) else None, "error": error_words(flaw)})
        await self._writer.drain()

    def leave(self) -> None:
        """The client is gone. What it started goes on; a question it would have answered is left to others."""
        for stop in self._followed.values():
            stop()
        for run in self._attended:
            live = self._server.rooms.runs.live.get(run)
            if live:
                live.session.park()

    # --- verbs ------------------------------------------------------------------------------------------------------

    async def _status(self, words: Words) -> Words:
        server = self._server
        return {
            "version": __version__,
            "pid": os.getpid(),
            "root": server.root,
            "endpoint": server.endpoint,
            "log": server.log,
            "started_at_ns": server.started_at_ns,
            "idle_s": server.idle_s,
            "memory_bytes": memory_bytes(),
            "clients": [
                {
                    "for": client.role,
                    "version": client.version,
                    "pid": client.pid,
                    "cwd": client.cwd,
                    "since_ns": client.since_ns,
                }
                for client in sorted(server.clients, key=lambda client: client.since_ns)
                if client.writer is not self._writer
            ],
            "runs": [_run_words(live) for live in server.rooms.runs.live.values()],
        }

    async def _stop(self, words: Words) -> Words:
        live = self._server.rooms.runs.live
        if live and not words.get("force"):
            raise RunUnavailable(
                "runs_live",
                f"{len(live)} of its runs are live",
                "They could be resumed later: pointsman stop --force",
            )
        self._server.stop("pointsman stop")
        return {"interrupted": sorted(live)}

    async def _run(self, words: Words) -> Words:
        desk = self._server.rooms.desk
        loaded, note = await asyncio.to_thread(desk.definitions.load, Path(words["file"]), words.get("name"))
        options = replace(_options(words), note=note)
        live = self._server.rooms.runs.start(loaded, words["input"], options, park=words["park"])
        return self._follow(live, 0, words)

    async def _rerun(self, words: Words) -> Words:
        root, desk = Path(self._server.root), self._server.rooms.desk
        asked = root, words["run"], _options(words), words.get("start_at")
        loaded, value, options = await asyncio.to_thread(prepared, desk.definitions, *asked)
        live = self._server.rooms.runs.start(loaded, value, options, park=words["park"])
        return self._follow(live, 0, words)

    async def _resume(self, words: Words) -> Words:
        place = find_place(Path(self._server.root))
        given = words.get("answer")
        runs = self._server.rooms.runs
        here = await runs.here(words["run"])
        if here is None:
            answer = (given["effect"], given["value"], given["by"]) if given else None
            live = runs.resume(place, words["run"], _options(words), park=words["park"], answer=answer)
            return self._follow(live, live.session.seq, words)
        if not given:
            raise RunUnavailable("run_is_hosted", f"run {here.run_id} is live already", "See: pointsman status")
        here.session.answer(given["effect"], given["value"], given["by"])
        return self._follow(here, here.session.seq, {**words, "park": True})  # it is another's to leave to whoever

    async def _answer(self, words: Words) -> Words:
        (await self._live(words)).session.answer(words["effect"], words["value"], words["by"])
        return {}

    async def _cancel(self, words: Words) -> Words:
        (await self._live(words)).session.cancel(words["by"])
        return {}

    async def _park(self, words: Words) -> Words:
        (await self._live(words)).session.park()
        return {}

    async def _live(self, words: Words) -> Live:
        live = await self._server.rooms.runs.here(words["run"])
        if live is None:
            raise RunUnavailable("run_not_here", f"run {words['run']} is not live here", "See: pointsman status")
        return live

    def _follow(self, live: Live, seq: int, words: Words) -> Words:
        """Tell this client of the run's commits, and of its end here."""
        run = live.run_id
        if not words["park"]:
            self._attended.add(run)

        def committed(records: Sequence[Record], state: State) -> None:
            self._say({"run": run, "seq": records[-1].seq})

        def ended(task: asyncio.Task[State]) -> None:
            self._followed.pop(run, None)
            error = None if task.cancelled() else task.exception()
            words: Words = {"run": run, "end": "stopped" if task.cancelled() else "failed" if error else "left"}
            if error is not None:
                words["error"] = error_words(error)
            self._say(words)

        def held(hold: Hold | None) -> None:
            self._say({"run": run, "held": _hold_words(hold)})

        if not words.get("detach"):
            undo = live.session.watch(committed), live.session.watch_holds(held)
            self._followed[run] = lambda: [stop() for stop in undo]
            live.task.add_done_callback(ended)
        note = live.session.state.started.note
        return {"run": run, "begun": seq, "root": str(live.session.place.root), "note": note}

    def _say(self, words: Words) -> None:
        with suppress(OSError):
            self._writer.write(json.dumps(words).encode() + b"\n")


_VERBS: dict[str, Callable[[Control, Words], Awaitable[Words]]] = {
    "status": Control._status,
    "stop": Control._stop,
    "run": Control._run,
    "rerun": Control._rerun,
    "resume": Control._resume,
    "answer": Control._answer,
    "cancel": Control._cancel,
    "park": Control._park,
}


def error_words(error: BaseException) -> Words:
    """An error as a client can raise it again."""
    if isinstance(error, PointsmanError):
        return {
            "class": type(error).__name__,
            "code": error.code,
            "message": str(error.message),
            "hint": error.hint,
        }
    return {"class": "Refusal", "code": "server_failed", "message": f"{type(error).__name__}: {error}", "hint": ""}


def _options(words: Words) -> Options:
    return Options(
        principal=words["principal"],
        answers=words.get("answers", {}),
        cwd=Path(words["cwd"]),
        env=words["env"],
    )


def _hold_words(hold: Hold | None) -> Words | None:
    return None if hold is None else {"since_ns": hold.since_ns, "stage": hold.stage}


def _run_words(live: Live) -> Words:
    """A live run for a list: where it stands, and since when."""
    lines = [line for line in live.progress.lines if line.status in ("running", "asking")]
    return {
        "run": live.run_id,
        "pipeline": live.progress.pipeline,
        "path": live.path,
        "status": live.status,
        "held": _hold_words(live.session.hold),
        "stages": [line.stage for line in lines],
        "started_at_ns": live.progress.started_ns,
        "took_ns": time.time_ns() - live.progress.started_ns,
    }
