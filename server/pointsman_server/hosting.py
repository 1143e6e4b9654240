"""Staying with a run from the command line: live view, questions, Ctrl-C, the final report, the exit code.

The run lives in the workspace's server if that is up, else in this process; what a person sees is the same.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from pointsman.errors import Refusal, RunUnavailable
from pointsman.journal.replay import past
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Record, RunHosted
from pointsman.kernel.state import State
from pointsman.runtime.around import Hold, HoldWatcher, Watcher
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import learn_state, redactor_for
from pointsman.runtime.sessions import Options, Session
from pointsman.runtime.workspace import Place, find_place
from pointsman.security.redaction import Redactor
from pointsman_server import exits
from pointsman_server.hosts import knock_run
from pointsman_server.inputs import read_pairs
from pointsman_server.open_house import OpenHouse
from pointsman_server.output import surviving_output
from pointsman_server.questions import Lines, ask_person, print_text
from pointsman_server.remote import Followed, Link, hosting_words, link
from pointsman_server.report import print_report, summary
from pointsman_server.views import View, view_for
from pointsman_server.who import person, principal


class Hosted(Protocol):
    """A run to stay with: a `Session` of this process, or one in the server (`remote.Followed`)."""

    @property
    def past(self) -> list[Record]: ...

    @property
    def state(self) -> State: ...

    def questions(self) -> list[Ask]: ...

    async def run(self, *, park: bool = True) -> State: ...

    async def people_wait(self) -> None: ...

    def watch_holds(self, watcher: HoldWatcher, /) -> Callable[[], None]: ...

    def answer(self, stage: str, value: Any, by: str, /) -> None: ...

    def park(self) -> None: ...

    def cancel(self, by: str) -> None: ...

    def redactor(self) -> Redactor: ...

    async def __aenter__(self) -> Any: ...

    async def __aexit__(self, *error: Any) -> None: ...


Begin = Callable[[Options], Session]
Verb = tuple[str, dict[str, Any]]


def host(options: argparse.Namespace, root: Path, verb: Verb, begin: Begin) -> int:
    """Stay with a run until it ends or parks: `verb` starts it in the server of `root`, `begin` here without one."""
    watched = Watched(options)
    made = options_for(options, watched.watch)
    try:
        server = _answering_link(root, verb) or link(root)
    except Refusal as error:  # a run does not wait for a server that is stuck
        sys.stderr.write(f"note: {error}\n")
        server = None
    if server is None:
        return asyncio.run(_host_here(options, watched, root, made, begin))
    with server:
        begun = server.ask(verb[0], **verb[1], **hosting_words(made, park=not watched.interactive))
        return asyncio.run(_host(options, watched, lambda: Followed(find_place(root), server, begun, made.watchers)))


def options_for(options: argparse.Namespace, *watchers: Watcher) -> Options:
    """What the command line says about hosting."""
    return Options(
        principal=principal(),
        watchers=watchers,
        answers=read_pairs(options.answers, "--answer"),
    )


def run_named(place: Place, name: str) -> str:
    """The id of a run that is named by it, the start of it, or `latest`. Raises RunUnavailable."""
    store = open_journal(place)
    try:
        return store.run(name).id
    finally:
        store.close()


def report_past(place: Place, run: str, as_json: bool) -> str:
    """Report a run that has ended already; returns its outcome."""
    store = open_journal(place)
    try:
        lived = past(store, run)
        hide = redactor_for(place, store, lived.row.id)
        _report(lived.state, [], as_json, hide)
        return lived.state.outcome
    finally:
        store.close()


class Watched:
    """What this terminal shows of a run, and that it has changed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.view: View = view_for(sys.stderr if options.json else sys.stdout)
        self.interactive = not options.json and self.view.interactive and sys.stdin.isatty()
        self.changed = asyncio.Event()

    def watch(self, records: Sequence[Record], state: State) -> None:
        """Take in what has happened."""
        self.changed.set()
        learn_state(self.view.redact, state)
        with contextlib.suppress(OSError):  # a terminal that is gone: the questions still need to hear of changes
            self.view.watch(records, state)

    def held(self, hold: Hold | None) -> None:
        """Take in that a debugger holds the run, or no longer does."""
        with contextlib.suppress(OSError):
            self.view.held(hold)


def _answering_link(root: Path, verb: Verb) -> Link | None:
    """A connection to the process that hosts the run to be answered, when that lives; another one could not take it."""
    if "answer" not in verb[1]:
        return None
    joined = knock_run(find_place(root), verb[1]["run"], "control")
    return None if joined is None else Link(joined)


async def _host_here(options: argparse.Namespace, watched: Watched, root: Path, made: Options, begin: Begin) -> int:
    async with OpenHouse(str(root)) as house:
        return await _host(options, watched, lambda: begin(house.published(made)), house)


async def _host(
    options: argparse.Namespace, watched: Watched, begin: Callable[[], Hosted], house: OpenHouse | None = None
) -> int:
    view = watched.view
    session = begin()
    async with session:
        view.redact = hide = session.redactor()
        with surviving_output():
            view.prime(session.past, session.state)
        _say_changes(session)
        with view, _ctrl_c(session):
            session.watch_holds(watched.held)
            run = asyncio.create_task(session.run(park=not watched.interactive))
            if house is not None and isinstance(session, Session):
                house.opens(session, run)
            state = await (_with_people(session, run, view, watched.changed) if watched.interactive else run)
        questions = session.questions()
        if house is not None:
            await house.close()  # who is told of the end reads the journal yet
    with surviving_output():
        _report(state, questions, options.json, hide)
    return exits.of(state.outcome)


async def _with_people(session: Hosted, run: asyncio.Task[State], view: View, changed: asyncio.Event) -> State:
    """Ask the person here whenever the run waits for people; the run goes on while they type."""
    with Lines() as lines:
        while not run.done():
            await _first(run, asyncio.create_task(session.people_wait()))
            asks = session.questions()
            if run.done() or not asks:
                continue
            with view.paused():
                prompt = asyncio.create_task(ask_person(asks[0], lines, view.redact))
                while not prompt.done() and not run.done() and asks[0] in session.questions():
                    changed.clear()
                    await _first(run, prompt, asyncio.create_task(changed.wait()))
                if not prompt.done():  # it has expired, or the run was cancelled
                    prompt.cancel()
                    continue
            value = prompt.result()
            if value is None:
                session.park()
                break
            changed.clear()
            try:
                session.answer(asks[0].id, value, person())
            except RunUnavailable as error:  # somebody else was faster, or it has just expired
                print_text(f"  {error}\n")
            await _first(run, asyncio.create_task(changed.wait()))  # durable before the next question
    return await run


async def _first(keep: asyncio.Task[Any], *others: asyncio.Task[Any]) -> None:
    """Wait for the first of them; of the others, those that only waited for an event are ended."""
    await asyncio.wait({keep, *others}, return_when=asyncio.FIRST_COMPLETED)
    others[-1].cancel()


def _say_changes(session: Hosted) -> None:
    note = session.state.started.note
    if note and len(session.past) == 1:
        sys.stderr.write(f"note: {note}\n")
    for record in session.past[-1:]:
        if isinstance(record.event, RunHosted) and record.event.changed:
            files = ", ".join(record.event.changed)
            sys.stderr.write(f"note: {files} changed since this run started; from here on the files of today run\n")


@contextlib.contextmanager
def _ctrl_c(session: Hosted) -> Any:
    """The first Ctrl-C cancels the run in good order, the second ends this process as it would any other."""
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        session.cancel(person())

    loop.add_signal_handler(signal.SIGINT, cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _report(state: State, questions: list[Ask], as_json: bool, hide: Redactor) -> None:
    if as_json:
        json.dump(summary(state, questions, hide), sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    print_report(state, questions, hide)
