"""Runs the probes against one server, and then judges over all that was said what no single probe can."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.lsp.capabilities import ASKED_FOR, declares, registers
from conformance.lsp.client import Client, Times
from conformance.lsp.metamodel import metamodel
from conformance.lsp.probe import PROBES, Finding, NoStart, Probe, Room, Verdict, failed, passed
from conformance.lsp.probes import actions, documents, header, lifecycle, positions, providers, rpc
from conformance.lsp.profile import Profile

Json = Any

# Importing them enters their probes, in this order.
GROUPS = (lifecycle, header, rpc, providers, actions, documents, positions)
EARLY = {"window/showMessage", "window/logMessage", "telemetry/event", "window/showMessageRequest", "$/progress"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    section: str
    expected: str
    finding: Finding
    seconds: float


def run(
    argv: Sequence[str],
    profile: Profile,
    root: Path,
    *,
    only: Sequence[str] = (),
    times: Times | None = None,
    cwd: Path | None = None,
    jobs: int = 2,
    tell: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """All probes that are named by one of `only`, whole or in part, and the judgements over all that was said.

    `root` is the folder that the clients call their workspace; nothing is written there. `cwd` is where the server
    starts, if not here.
    `tell` is called with each row in that order, as soon as it is its turn, from any thread. No process outlives this
    call.
    """
    names = {one.name for one in PROBES}
    chosen = [
        one
        for one in PROBES
        if not only or any(word == one.name or (word not in names and word in one.name) for word in only)
    ]
    room = Room(argv, profile, times or Times(), root, cwd)
    rows: dict[str, Row] = {}
    waiting = [each.name for each in chosen]
    turn = threading.Lock()

    def one(probe: Probe) -> None:
        row = _row(room, probe)
        with turn:
            rows[probe.name] = row
            while waiting and waiting[0] in rows:
                tell(rows[waiting.pop(0)])

    def shared() -> None:
        try:
            for probe in (each for each in chosen if each.shared):
                one(probe)
        finally:
            room.close()

    # The shared process is one line of work; each probe with a process of its own is another.
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        tasks = [pool.submit(shared)] + [pool.submit(one, each) for each in chosen if not each.shared]
        for task in tasks:
            task.result()
    found = [rows[each.name] for each in chosen]
    for name, section, expected, judge in OVERALL:
        row = Row(name, section, expected, judge(room.clients), 0.0)
        tell(row)
        found.append(row)
    return found


def _row(room: Room, probe: Probe) -> Row:
    began = time.monotonic()
    try:
        finding = probe.run(room)
    except NoStart as error:
        finding = failed(str(error))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # An answer of a shape no probe reckons with must not cost the other probes.
        finding = failed(f"what it answers is not readable: {error!r}")
    if probe.shared and not room.leave() and finding.verdict is not Verdict.FAIL:
        finding = failed(f"{finding.found}, then answers no more")
    return Row(probe.name, probe.section, probe.expected, finding, time.monotonic() - began)


def _valid(clients: list[Client]) -> Finding:
    problems: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    count = 0
    for client in clients:
        for message in client.wire.received:
            report = metamodel().from_server(message, client.method_of(message))
            problems.update(report.problems)
            notes.update(report.notes)
            count += 1
    said = tuple(f"{note} ({times})" for note, times in notes.most_common(8))
    if problems:
        worst = "; ".join(f"{problem} ({times})" for problem, times in problems.most_common(5))
        return failed(f"{len(problems)} kinds of problem: {worst}", *said)
    return passed(f"{count} messages, all valid", *said)


def _frames(clients: list[Client]) -> Finding:
    noise = [one for client in clients for one in client.wire.noise]
    if noise:
        return failed(f"{len(noise)} times: {noise[0].why}, {noise[0].data[:40]!r}")
    return passed("messages alone")


def _once(clients: list[Client]) -> Finding:
    twice = [method for client in clients for method in client.answered_twice()]
    if twice:
        return failed(f"answered twice: {', '.join(sorted(set(twice)))}")
    count = sum(len(client.log.sent) for client in clients)
    lost = Counter(method for client in clients for method in client.unanswered())
    if lost:
        names = ", ".join(f"{method or 'no method'} ({times})" for method, times in lost.most_common(4))
        return failed(f"{lost.total()} of {count} requests not answered: {names}")
    return passed(f"{count} requests")


def _early(clients: list[Client]) -> Finding:
    early = sorted({method for client in clients for method in client.log.before_initialized if method not in EARLY})
    return failed(f"sends {', '.join(early)}") if early else passed("nothing that is not allowed")


def _undeclared(clients: list[Client]) -> Finding:
    asked = set()
    for client in clients:
        for request in client.log.requested:
            method = str(request.get("method"))
            if method == "client/registerCapability":
                params = request.get("params")
                registrations = params.get("registrations", []) if isinstance(params, dict) else []
                asked |= {
                    f"{method} of {one.get('method')}"
                    for one in registrations
                    if isinstance(one, dict) and not registers(client.capabilities, str(one.get("method")))
                }
            elif method in ASKED_FOR and not declares(client.capabilities, ASKED_FOR[method]):
                asked.add(method)
    return failed("; ".join(sorted(asked))) if asked else passed("nothing undeclared")


Judge = Callable[[list[Client]], Finding]
OVERALL: list[tuple[str, str, str, Judge]] = [
    ("overall.valid-messages", "the meta model of 3.18", "every message is valid", _valid),
    ("overall.frames-only", "Base Protocol", "standard output carries messages alone", _frames),
    ("overall.one-answer", "Request Message: every processed request", "one answer to each request", _once),
    ("overall.quiet-before-initialize", "Initialize Request", "only what is allowed", _early),
    ("overall.asks-what-is-declared", "ClientCapabilities", "no request the client does not take", _undeclared),
]
