"""Branches as threads: `main` is 1, each other branch keeps the number it got when it was first seen."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from pointsman.kernel.state import ROOT
from pointsman_dap.errors import Refused
from pointsman_dap.voice import Voice


class Threads:
    """The threads one client has been told of."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._ids: dict[str, int] = {ROOT: 1}
        self._next = count(2)
        self._here: dict[str, None] = {}

    def now(self, branches: Iterable[str]) -> None:
        """These are the branches there are: tell which have come and which are gone."""
        there = dict.fromkeys(branches)
        gone = [branch for branch in self._here if branch not in there]
        come = [branch for branch in there if branch not in self._here]
        self._here = there
        for branch in gone:
            self._voice.event("thread", {"reason": "exited", "threadId": self.id_of(branch)})
        for branch in come:
            self._voice.event("thread", {"reason": "started", "threadId": self.id_of(branch)})

    def id_of(self, branch: str) -> int:
        """The number of a branch."""
        if branch not in self._ids:
            self._ids[branch] = next(self._next)
        return self._ids[branch]

    def branch(self, thread_id: int) -> str:
        """The branch behind a number. Raises Refused when there is none now."""
        for branch in self._here:
            if self._ids[branch] == thread_id:
                return branch
        raise Refused("unknownThread", f"there is no thread {thread_id}")

    def told(self) -> list[dict[str, Any]]:
        """As the protocol lists them; before anything has happened there is the main branch."""
        return [{"id": self.id_of(branch), "name": branch.removeprefix(f"{ROOT}/")} for branch in self._here or [ROOT]]
