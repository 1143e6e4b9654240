"""The processes that host a run of their own, from outside: found by the file that proves their life, and talked to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pointsman.errors import PointsmanError
from pointsman.journal.hosts import host_is_alive, lock_path
from pointsman.journal.store import RunRow
from pointsman.runtime.journals import open_journal
from pointsman.runtime.workspace import Place, find_place
from pointsman_server.remote import Link
from pointsman_server.rendezvous import Joined, NoServer, door, greet, home, read_door

PATIENCE_S = 2.0
"""How long a host may take to say welcome: one that is stopped (`kill -STOP`) never does."""


def knock(root: Path, host: str, role: str, handed: Mapping[str, Any] | None = None) -> Joined | None:
    """A welcomed connection to a host of this workspace; None when it is gone, does not listen, or does not answer."""
    said = read_door(str(lock_path(root, host)))
    if said is None or not host_is_alive(root, host):
        return None
    try:
        return greet(said, role, PATIENCE_S, None if handed is None else dict(handed))
    except NoServer:
        return None


def knock_run(place: Place, run: str, role: str) -> Joined | None:
    """The same for the host of a run, when that is no server. Raises RunUnavailable for no such run."""
    store = open_journal(place)
    try:
        lease = store.run(run).lease
    finally:
        store.close()
    return None if lease is None else knock(place.root, lease.host, role)


def tell(root: Path, run: str, verb: str, words: Mapping[str, Any]) -> bool:
    """Ask the host of a run something, as a control connection does; False when there is none to ask.

    Raises what it refuses with.
    """
    joined = knock_run(find_place(root), run, "control")
    if joined is None:
        return False
    with Link(joined) as link:
        link.ask(verb, run=run, **words)
    return True


def live_runs(place: Place, rows: Iterable[RunRow]) -> dict[str, dict[str, Any]]:
    """What the hosts of live runs say of them, as `status` does, by their ids; of one that does not answer, nothing."""
    hosts = [row.lease.host for row in rows if row.status == "running" and row.lease and row.lease.endpoint]
    joined = {host: knock(place.root, host, "control") for host in hosts}
    found = [one for one in joined.values() if one is not None]
    said = door(home(str(place.root))) if None in joined.values() else None  # the server's runs have one door
    try:
        server = greet(said, "control", PATIENCE_S) if said is not None else None
    except NoServer:
        server = None
    return {run["run"]: run for one in (*found, *([server] if server else ())) for run in _runs_of(one)}


def _runs_of(joined: Joined) -> list[dict[str, Any]]:
    joined.sock.settimeout(PATIENCE_S)
    try:
        with Link(joined) as link:
            runs: list[dict[str, Any]] = link.ask("status")["runs"]
            return runs
    except (PointsmanError, OSError):
        return []


async def reach(
    root: Path, host: str, handed: Mapping[str, Any]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """The same for a debug adapter that passes its client on, without holding up anybody else."""
    joined = await asyncio.to_thread(knock, root, host, "dap", handed)
    if joined is None:
        return None
    reader, writer = await asyncio.open_connection(sock=joined.sock)
    reader.feed_data(joined.rest)
    return reader, writer
