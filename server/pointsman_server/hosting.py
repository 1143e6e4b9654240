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
from collections.abc import Callable
from typing import Any

from pointsman.journal.replay import past
from pointsman.kernel.effects import Ask
from pointsman.kernel.state import State
from pointsman.runtime.driver import Watcher
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.sessions import Options, Session
from pointsman.runtime.workspace import Place
from pointsman.security.redaction import Redactor
from pointsman_server import exits
from pointsman_server.inputs import read_pairs
from pointsman_server.questions import ask_person
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
        hide = redactor_for(place, store, lived.state.started, store.records(lived.row.id))
        _report(lived.state, [], as_json, hide)
        return lived.state.outcome
    finally:
        store.close()


async def _host(options: argparse.Namespace, begin: Begin) -> int:
    view = view_for(sys.stderr if options.json else sys.stdout)
    session = begin(view.watch)
    async with session:
        view.redact = hide = session.redactor()
        with view, _ctrl_c(session):
            state = await _to_the_end(session, view, interactive=not options.json and view.interactive)
        _report(state, session.questions(), options.json, hide)
    return exits.of(state.outcome)


async def _to_the_end(session: Session, view: View, *, interactive: bool) -> State:
    state = await session.run()
    while interactive and not state.ended:
        for ask in session.questions():
            with view.paused():
                value = await ask_person(ask)
            if value is None:
                return state
            session.answer(ask.id, value, person())
        state = await session.run()
    return state


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
