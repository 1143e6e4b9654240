"""A run that the server hosts, as the command line sees it: followed through the journal, steered through the wire."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pointsman import errors
from pointsman.errors import PointsmanError, Refusal, RunUnavailable
from pointsman.journal.replay import past
from pointsman.kernel import machine
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Json, Record
from pointsman.kernel.state import State
from pointsman.runtime.around import Hold, HoldWatcher
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.sessions import Options, Watcher
from pointsman.runtime.workspace import Place
from pointsman.security.redaction import Redactor
from pointsman_server.rendezvous import Joined, NoServer, Silent, join, own_folder

Words = dict[str, Any]


class Link:
    """A control connection."""

    def __init__(self, joined: Joined) -> None:
        self._sock = joined.sock
        self._seen = joined.rest
        self._ids = count(1)
        self.welcome = joined.welcome
        self.notices: list[Words] = []

    def ask(self, verb: str, **words: Any) -> Words:
        """One request and its answer; notices that come before it are kept. Raises what the server refuses with."""
        number = next(self._ids)
        try:
            self._sock.sendall(json.dumps({"id": number, "verb": verb, **words}).encode() + b"\n")
            while True:
                said = self.next()
                if said.get("id") == number:
                    return _result(said)
                self.notices.append(said)
        except OSError as error:
            raise Refusal("server_gone", f"the server has ended: {error}", "See: pointsman runs") from None

    def next(self) -> Words:
        """The next thing the server says. Raises ConnectionError at its end."""
        while b"\n" not in self._seen:
            more = self._sock.recv(1 << 16)
            if not more:
                raise ConnectionError("it has closed the connection")
            self._seen += more
        line, _, self._seen = self._seen.partition(b"\n")
        words: Words = json.loads(line)
        return words

    def release(self) -> tuple[socket.socket, bytes]:
        """The socket and what was read from it ahead, for a loop to go on with."""
        return self._sock, self._seen

    def close(self) -> None:
        """Leave."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def link(root: Path) -> Link | None:
    """A control connection to the workspace's server, None when there is none. Raises Refusal when it is silent."""
    try:
        return Link(join(str(root), "control", start=False))
    except Silent as error:
        raise Refusal("server_silent", str(error), error.hint) from None
    except NoServer:
        return None


def started_link(root: Path) -> Link:
    """The same, started if need be. Raises Refusal."""
    try:
        return Link(join(str(root), "control"))
    except NoServer as error:
        raise Refusal("no_server", str(error), error.hint) from None


def hosting_words(options: Options, *, park: bool) -> Words:
    """What the server must know of whoever asks for a run."""
    return {
        "principal": options.principal,
        "answers": dict(options.answers),
        "cwd": own_folder(),
        "env": dict(options.env),
        "park": park,
    }


class Followed:
    """A run in the server with the face of a `Session`: what it is told becomes records, what it is asked a request."""

    def __init__(self, place: Place, link: Link, begun: Words, watchers: Sequence[Watcher]) -> None:
        self.place = place
        self.run_id = str(begun["run"])
        self.store = open_journal(place)
        self._link = link
        self._watchers = watchers
        self.past: list[Record] = list(self.store.records(self.run_id, until=max(begun["begun"], 1)))
        lived = past(self.store, self.run_id, until=self.past[-1].seq)
        self.state: State = lived.state
        self._seq = lived.seq
        self._waits = asyncio.Event()
        self._hold: Hold | None = None
        self._hold_watchers: list[HoldWatcher] = []
        self._writer: asyncio.StreamWriter
        self._reader: asyncio.StreamReader

    async def __aenter__(self) -> Self:
        sock, ahead = self._link.release()
        self._reader, self._writer = await asyncio.open_connection(sock=sock, limit=1 << 26)
        for words in self._link.notices:
            self._reader.feed_data(json.dumps(words).encode() + b"\n")
        self._reader.feed_data(ahead)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self.store.close()

    def questions(self) -> list[Ask]:
        """What people are asked right now."""
        return [effect for effect in self.state.pending.values() if isinstance(effect, Ask)]

    async def run(self, *, park: bool = True) -> State:
        """Follow the run until it is in the server no more. Raises RunUnavailable when the server ends first."""
        self._catch_up()
        while True:
            line = await self._reader.readline()
            if not line:
                self._catch_up()
                if self.state.ended:
                    return self.state
                hint = f"Go on with it: pointsman resume {self.run_id}"
                raise RunUnavailable("server_gone", f"the server has ended; run {self.run_id} is interrupted", hint)
            words = json.loads(line)
            if words.get("run") == self.run_id:
                if "held" in words:
                    self._held(words["held"])
                self._catch_up()
                if words.get("error"):
                    _result(words)
                if words.get("end") == "left":
                    return self.state

    def watch_holds(self, watcher: HoldWatcher) -> Callable[[], None]:
        """Tell that a debugger holds the run and that it goes on; returns what ends that."""
        self._hold_watchers.append(watcher)
        return lambda: self._hold_watchers.remove(watcher)

    async def people_wait(self) -> None:
        """Until only people are waited for."""
        await self._waits.wait()

    def answer(self, effect: str, value: Json, by: str) -> None:
        """Answer a question; whether it is still asked shows in what happens next."""
        self._tell("answer", effect=effect, value=value, by=by)

    def cancel(self, by: str) -> None:
        """Ask for the run's end."""
        self._tell("cancel", by=by)

    def park(self) -> None:
        """Leave the run to whoever answers."""
        self._tell("park")

    def redactor(self) -> Redactor:
        """What hides the run's secrets from whoever looks at it."""
        return redactor_for(self.place, self.store, self.run_id)

    def _tell(self, verb: str, **words: Any) -> None:
        # What comes of it shows in the run's events; a request that is too late changes nothing.
        request = {"id": 0, "verb": verb, "run": self.run_id, **words}
        self._writer.write(json.dumps(request).encode() + b"\n")

    def _held(self, said: Words | None) -> None:
        self._hold = None if said is None else Hold(said["since_ns"], said["stage"])
        for watch in self._hold_watchers:
            watch(self._hold)

    def _catch_up(self) -> None:
        """Fold what has been committed since."""
        records = list(self.store.records(self.run_id, after=self._seq))
        for record in records:
            self.state, _ = machine.step(self.state, record)
            self._seq = record.seq
        only_people = self.state.pending and all(isinstance(effect, Ask) for effect in self.state.pending.values())
        if only_people and self._hold is None:
            self._waits.set()
        else:
            self._waits.clear()
        if records:
            for watch in self._watchers:
                watch(records, self.state)


def _result(said: Words) -> Words:
    """The result of an answer, or its error raised as the server raised it."""
    error = said.get("error")
    if error is None:
        result: Words = said.get("result") or {}
        return result
    kind = getattr(errors, str(error.get("class")), Refusal)
    if not (isinstance(kind, type) and issubclass(kind, PointsmanError)) or kind is errors.RefusedDefinition:
        kind = Refusal
    raise kind(str(error.get("code")), str(error.get("message")), str(error.get("hint", "")))
