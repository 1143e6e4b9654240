"""Hosting a run from the command line: live view, questions, Ctrl-C, the final report, the exit code."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from pointsman.journal.replay import past
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Record, RunHosted
from pointsman.kernel.state import State
from pointsman.runtime.driver import Watcher
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import learn_state, redactor_for
from pointsman.runtime.sessions import Options, Session
from pointsman.runtime.workspace import Place
from pointsman.security.redaction import Redactor
from pointsman_server import exits
from pointsman_server.inputs import read_pairs
from pointsman_server.output import surviving_output
from pointsman_server.questions import Lines, ask_person
from pointsman_server.report import print_report, summary
from pointsman_server.views import View, view_for

Begin = Callable[[Watcher], Session]


def host(options: argparse.Namespace, begin: Begin) -> int:
    """Host the run that `begin` opens until it ends or parks."""
    return asyncio.run(_host(options, begin))


def options_for(options: argparse.Namespace, watcher: Watcher) -> Options:
    """What the command line says about hosting."""
    return Options(
        principal={"id": person(), "roles": ["developer"]},
        watchers=[watcher],
        answers=read_pairs(options.answers, "--answer"),
    )


def person() -> str:
    """Who sits here, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


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


async def _host(options: argparse.Namespace, begin: Begin) -> int:
    view = view_for(sys.stderr if options.json else sys.stdout)
    changed = asyncio.Event()

    def watch(records: Sequence[Record], state: State) -> None:
        changed.set()
        learn_state(view.redact, state)
        with contextlib.suppress(OSError):  # a terminal that is gone: the questions still need to hear of changes
            view.watch(records, state)

    session = begin(watch)
    async with session:
        view.redact = hide = session.redactor()
        with surviving_output():
            view.prime(session.past, session.state)
        _say_changes(session)
        interactive = not options.json and view.interactive and sys.stdin.isatty()
        with view, _ctrl_c(session):
            state = await (_with_people(session, view, changed) if interactive else session.run())
        questions = session.questions()
    with surviving_output():
        _report(state, questions, options.json, hide)
    return exits.of(state.outcome)


async def _with_people(session: Session, view: View, changed: asyncio.Event) -> State:
    """Drive, and ask the person here whenever the run waits for people; the run goes on while they type."""
    run = asyncio.create_task(session.run(park=False))
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
            session.answer(asks[0].id, value, person())
            await _first(run, asyncio.create_task(changed.wait()))  # durable before the next question
    return await run


async def _first(keep: asyncio.Task[Any], *others: asyncio.Task[Any]) -> None:
    """Wait for the first of them; of the others, those that only waited for an event are ended."""
    await asyncio.wait({keep, *others}, return_when=asyncio.FIRST_COMPLETED)
    others[-1].cancel()


def _say_changes(session: Session) -> None:
    for record in session.past[-1:]:
        if isinstance(record.event, RunHosted) and record.event.changed:
            files = ", ".join(record.event.changed)
            sys.stderr.write(f"note: {files} changed since this run started; from here on the files of today run\n")


@contextlib.contextmanager
def _ctrl_c(session: Session) -> Any:
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
