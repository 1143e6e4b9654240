"""What a probe is, what it finds, and the list of all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from conformance.lsp.client import Client, Times
from conformance.lsp.profile import Profile

Json = Any


class Verdict(StrEnum):
    """The four ends of a probe."""

    PASS = "pass"
    FAIL = "fail"  # a "must" is broken, a request is lost, a message is invalid, or the server dies or hangs
    OTHERWISE = "answers otherwise"  # it answers and goes on, but not as a "should" or JSON-RPC's codes have it
    NOT_APPLICABLE = "not applicable"  # the server does not offer it, or the profile has nothing to show it with


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found, in words for the table."""

    verdict: Verdict
    found: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to a server. `shared` ones run one after the other on one process."""

    name: str
    section: str
    expected: str
    run: Callable[[Room], Finding]
    shared: bool


PROBES: list[Probe] = []
Run = Callable[["Room"], Finding]


def probe(name: str, section: str, expected: str, *, fresh: bool = False) -> Callable[[Run], Run]:
    """Enter a function in the list; `section` is that of the specification that it holds the server to."""

    def enter(run: Run) -> Run:
        PROBES.append(Probe(name, section, expected, run, not fresh))
        return run

    return enter


class Room:
    """Where a probe gets its servers from, and where all clients are remembered to be judged together."""

    def __init__(self, argv: Sequence[str], profile: Profile, times: Times, root: Path, cwd: Path | None) -> None:
        self.argv = list(argv)
        self.profile = profile
        self.times = times
        self.root = root
        self.cwd = cwd
        self.clients: list[Client] = []
        self._lock = threading.Lock()
        self._shared: Client | None = None

    @contextmanager
    def client(self, *, capabilities: Json = None, refuse: bool = False, initialize: bool = True) -> Iterator[Client]:
        """A process for this probe alone, ended with it."""
        client = self._start(capabilities, refuse, initialize)
        try:
            yield client
        finally:
            client.end()

    def shared(self) -> Client:
        """The process of the probes that leave no trace; a new one if the last probe left a dead one."""
        if self._shared is None:
            self._shared = self._start(None, False, True)
        return self._shared

    def leave(self) -> bool:
        """Whether the shared process is fit for the next probe; if not, it is ended."""
        if self._shared is None or self._shared.alive():
            return True
        self.close()
        return False

    def close(self) -> None:
        """End the shared process."""
        if self._shared is not None:
            self._shared.end()
            self._shared = None

    def _start(self, capabilities: Json, refuse: bool, initialize: bool) -> Client:
        client = Client(
            self.argv, self.profile, self.times, self.root, capabilities=capabilities, refuse=refuse, cwd=self.cwd
        )
        with self._lock:
            self.clients.append(client)
        if initialize and client.initialize() is None:
            found = gone(client, "no answer")
            client.end()
            raise NoStart(f"initialize: {found}")
        return client


class NoStart(Exception):
    """A server that does not come up."""


# Words for findings.


def passed(found: str, *notes: str) -> Finding:
    """As the specification has it."""
    return Finding(Verdict.PASS, found, notes)


def failed(found: str, *notes: str) -> Finding:
    """Against the specification."""
    return Finding(Verdict.FAIL, found, notes)


def otherwise(found: str, *notes: str) -> Finding:
    """Answered, but not so."""
    return Finding(Verdict.OTHERWISE, found, notes)


def absent(found: str) -> Finding:
    """Nothing to ask here."""
    return Finding(Verdict.NOT_APPLICABLE, found)


def code(response: Json) -> Json:
    """The error code of a response; None if it is a result, or no response."""
    error = response.get("error") if isinstance(response, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def told(response: Json) -> str:
    """A response in a word."""
    if response is None:
        return "no answer"
    if "error" in response:
        return str(code(response))
    if response.get("result", 0) is None:
        return "result null"
    return "a result"


def gone(client: Client, otherwise: str) -> str:
    """How a server ended that is not heard of any more, or `otherwise` if it still runs."""
    # Who has closed its output is about to end.
    ended = client.wire.exit_code(1 if client.wire.closed else 0)
    return otherwise if ended is None else f"exits with {ended}"


def wants(client: Client, response: Json, *codes: int) -> Finding:
    """An error with one of these codes, and a server that goes on."""
    if response is None:
        return failed(gone(client, "no answer"))
    if not client.alive():
        return failed(f"{told(response)}, then answers no more")
    return passed(told(response)) if code(response) in codes else otherwise(told(response))


def survives(client: Client, found: str = "goes on") -> Finding:
    """A server that answers the next request. What it shows the user meanwhile is noted."""
    shown = sum(one.get("method") == "window/showMessage" for one in client.log.notified)
    if client.alive():
        more = sum(one.get("method") == "window/showMessage" for one in client.log.notified) > shown
        return passed(found, *(["window/showMessage"] if more else []))
    return failed(gone(client, "answers no more"))
