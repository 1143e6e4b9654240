"""`pointsman answer`: give a person's answer to a parked run, and go on with it."""

import argparse
import time
from pathlib import Path

from pointsman.errors import RunUnavailable
from pointsman.journal.replay import past
from pointsman.kernel.effects import Ask
from pointsman.runtime import sessions
from pointsman.runtime.journals import open_journal
from pointsman.runtime.questions import check_answer, question_at
from pointsman.runtime.workspace import find_place
from pointsman_server.hosting import host
from pointsman_server.inputs import read_pairs
from pointsman_server.who import person


def run(options: argparse.Namespace) -> int:
    """Check the answer against the question before anything is touched; then resume with it."""
    place = find_place(Path.cwd())
    value = read_pairs([f"{options.stage}={options.value}"], "answer")[options.stage]
    store = open_journal(place)
    try:
        lived = past(store, options.run)
    finally:
        store.close()
    if lived.state.ended:
        raise RunUnavailable("run_ended", f"run {lived.row.id} has ended: {lived.state.outcome}", "Nothing is asked")
    asks = [effect for effect in lived.unanswered if isinstance(effect, Ask)]
    ask = question_at(asks, options.stage)
    # Where it lives its host says whether it is too late: the time of a run stands still while a debugger holds it.
    check_answer(ask, value, 0 if lived.row.status == "running" else time.time_ns())

    def resume(made: sessions.Options) -> sessions.Session:
        session = sessions.resume(place, lived.row.id, made)
        session.answer(ask.id, value, person())
        return session

    given = {"effect": ask.id, "value": value, "by": person()}
    return host(options, place.root, ("resume", {"run": lived.row.id, "answer": given}), resume)
