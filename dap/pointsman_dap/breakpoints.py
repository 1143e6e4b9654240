"""The breakpoints of one client: what it asked for, what that is bound to, and what it is told about it.

Ids are the client's own and stay with a breakpoint as long as it is asked for in the same words. In the engine, where
all clients' breakpoints meet, they carry the client's number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from pointsman.debugger import breakpoints as engine
from pointsman.debugger.breakpoints import flaw_of
from pointsman.debugger.sites import Site, site_at
from pointsman.language.diagnostics import did_you_mean
from pointsman_dap.params import FunctionBreakpoint, SourceBreakpoint, SourceRef
from pointsman_dap.places import Places, key_of, path_of
from pointsman_dap.texts import Text, Texts

Body = dict[str, Any]
Spec = SourceBreakpoint | FunctionBreakpoint

CLIENTS = count(1)
"""Numbers for the clients of this process."""

PER_CLIENT = 1 << 20
KINDS = ("stage", "agent", "tool", "policy")


@dataclass(eq=False, slots=True)
class Asked:
    """One breakpoint a client has asked for; `bound` is the engine's, None where there is none."""

    id: int
    spec: Spec
    source: SourceRef | None
    bound: engine.Breakpoint | None = None
    told: Body | None = None


class Breakpoints:
    """All breakpoints of one client, by the text they were set in (functions under an empty key)."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._first = next(CLIENTS) * PER_CLIENT
        self._next = count(1)
        self._ids: dict[tuple[str, Spec, int], int] = {}
        self._sets: dict[str, list[Asked]] = {}

    def set_lines(self, source: SourceRef, specs: Iterable[SourceBreakpoint], texts: Texts | None) -> list[Body]:
        """Replace those of one text; what each has become, in order."""
        key = f"#{source.source_reference}" if source.source_reference else key_of(path_of(source.path))
        return self._set(key, source, specs, texts)

    def set_functions(self, specs: Iterable[FunctionBreakpoint], texts: Texts | None) -> list[Body]:
        """Replace those by name."""
        return self._set("", None, specs, texts)

    def bind(self, texts: Texts) -> list[Body]:
        """Bind everything that was asked for before there was a run; those that have changed by it."""
        found = []
        for one in self._all():
            before = one.told
            self._bind(one, texts)
            if one.told != before and one.told is not None:
                found.append(one.told)
        self._say_doubles()
        return found

    def follow(self, texts: Texts) -> list[Body]:
        """After a file was saved: each stays with what it stands on, wherever that is now; those that have moved."""
        found = []
        for one in self._all():
            site = one.bound.site if one.bound else None
            text = texts.meant(one.source) if one.source and not one.source.source_reference else None
            if site is None or text is None or one.told is None:
                continue
            before = one.told
            line = _line_now(text, site)
            if line is None:
                one.told = {**before, "message": "its place is no more in the file; the run still stops there"}
            else:
                one.told = {**before, "line": line + self._places.first_line}
                one.told.pop("endLine", None)
                one.told.pop("message", None)
            if one.told != before:
                found.append(one.told)
        return found

    def bound(self) -> list[engine.Breakpoint]:
        """What the engine is to stop at."""
        return [one.bound for one in self._all() if one.bound is not None]

    def own(self, hits: Iterable[int]) -> list[int]:
        """Of the engine's ids those that are this client's, as it knows them."""
        return [hit - self._first for hit in hits if 0 < hit - self._first < PER_CLIENT]

    def is_named(self, hit: int) -> bool:
        """Whether a breakpoint was set by name."""
        return any(one.id == hit for one in self._sets.get("", ()))

    def _all(self) -> Iterator[Asked]:
        for each in self._sets.values():
            yield from each

    def _set(self, key: str, source: SourceRef | None, specs: Iterable[Spec], texts: Texts | None) -> list[Body]:
        seen: Counter[Spec] = Counter()
        asked = []
        for spec in specs:
            seen[spec] += 1
            where = (key, spec, seen[spec])
            if where not in self._ids:
                self._ids[where] = next(self._next)
            asked.append(Asked(self._ids[where], spec, source))
        self._sets[key] = asked
        for one in asked:
            self._bind(one, texts)
        self._say_doubles()
        return [one.told or {} for one in asked]

    def _bind(self, one: Asked, texts: Texts | None) -> None:
        one.bound = None
        spec = one.spec
        if isinstance(spec, FunctionBreakpoint):
            self._bind_name(one, spec, texts)
        else:
            self._bind_line(one, spec, texts)

    def _bind_name(self, one: Asked, spec: FunctionBreakpoint, texts: Texts | None) -> None:
        flaw = flaw_of(spec.condition, spec.hit_condition) or (_unknown(spec.name, texts) if texts else "")
        if flaw or texts is None:
            one.told = _refused(one, flaw)
            return
        one.bound = engine.Breakpoint(self._first + one.id, None, spec.name, spec.condition, spec.hit_condition)
        one.told = {"id": one.id, "verified": True}

    def _bind_line(self, one: Asked, spec: SourceBreakpoint, texts: Texts | None) -> None:
        assert one.source is not None
        asked = {"line": spec.line}
        path = path_of(one.source.path)
        if path.endswith(".py"):
            one.told = _refused(one, "Python is not stepped into yet; break at the stage that calls it") | asked
            return
        flaw = flaw_of(spec.condition, spec.hit_condition)
        if flaw or texts is None:
            one.told = _refused(one, flaw) | asked
            return
        texts.spelled(one.source.path)
        text = texts.meant(one.source)
        if text is None:
            one.told = _refused(one, "this run does not read that file") | asked
            return
        moved = text.moved if texts.has_moved(one.source, text) else None
        flaw, site = self._site(text, spec, moved)
        if site is None:
            one.told = _refused(one, flaw) | asked
            return
        one.bound = engine.Breakpoint(
            self._first + one.id, site, "", spec.condition, spec.hit_condition, spec.log_message
        )
        source = texts.file(text) if not one.source.source_reference else {"sourceReference": text.reference}
        range = self._places.range(text.source, site.span)
        if moved is not None:
            range = {
                "line": range["line"] + _shift(moved, text.source.line_at(site.span.start)),
                "column": range["column"],
            }
        one.told = {"id": one.id, "verified": True, "source": source, **range}

    def _site(self, text: Text, spec: SourceBreakpoint, moved: dict[int, int] | None) -> tuple[str, Site | None]:
        """The site that is meant, in the text that runs; `moved` says where lines of the file are in it."""
        line = self._places.line(spec.line)
        if moved is not None:
            if line not in moved:
                return "this line is not in the text that runs: the file has changed since the run started", None
            line = moved[line]
        offset = None
        if spec.column is not None:
            offset = self._places.offset(text.source, line + self._places.first_line, spec.column)
        site = site_at(text.sites, text.source, line, offset)
        if site is None:
            return _nothing_here(text, line, moved or {}), None
        if moved is not None and text.source.line_at(site.span.start) not in moved.values():
            return "the place it stands on has changed since the run started", None
        return "", site

    def _say_doubles(self) -> None:
        """Two that have come to the same place both stand there; the later one says so."""
        first: dict[tuple[object, ...], int] = {}
        for one in self._all():
            if one.bound is None or one.bound.site is None or one.told is None:
                continue
            where = (one.bound.site.what, one.bound.site.span)
            if where in first:
                one.told["message"] = f"same place as breakpoint {first[where]}"
            else:
                first[where] = one.id
                one.told.pop("message", None)


def _line_now(text: Text, site: Site) -> int | None:
    """The line, from 0, where a site is in its file now; None where it is in it no more."""
    if site.rule:  # policies are read as they are
        now = next((one for one in text.sites if one.rule == site.rule), None)
        return None if now is None else text.source.line_at(now.span.start)
    line, moved = text.source.line_at(site.span.start), text.moved
    if moved is None:
        return line
    return next((now for now, then in moved.items() if then == line), None)


def _nothing_here(text: Text, line: int, moved: dict[int, int]) -> str:
    """Why a line (from 0) has no site: it lies above the first or below the last one of what runs."""
    rules = [site for site in text.sites if site.rule]
    places = rules or [site for site in text.sites if site.part == "enter" and site.route is None]
    what = "rule" if rules or not text.reference else "stage"
    if not places:
        return f"nothing runs on this line; the text has no {what}"
    first, last = (text.source.line_at(site.span.start) for site in (places[0], places[-1]))
    which, at = ("first", first) if line < first else ("last", last)
    shown = next((now for now, then in moved.items() if then == at), at)
    return f"nothing runs on this line; the {which} {what} is on line {shown + 1}"


def _shift(moved: dict[int, int], line: int) -> int:
    """How many lines further down a line of the text that runs is now."""
    return next(now for now, then in moved.items() if then == line) - line


def _refused(one: Asked, flaw: str) -> Body:
    """What a breakpoint without a place is told; without a flaw it only waits for the run."""
    if not flaw:
        return {"id": one.id, "verified": False, "reason": "pending", "message": "the run has not started"}
    return {"id": one.id, "verified": False, "reason": "failed", "message": flaw}


def _unknown(name: str, texts: Texts) -> str:
    """Why a name can never be come to; globs are taken as they are."""
    kind, colon, rest = name.partition(":")
    if not colon:
        kind, rest = "stage", name
    if kind not in KINDS:
        return f"{kind!r} is none of {', '.join(KINDS)}"
    if any(sign in rest for sign in "*?["):
        return ""
    program = texts.program
    codes = [code for block in program.blocks.values() for code in block.stages.values()]
    known = {
        "stage": {name for code in codes for name in (code.id, code.name)},
        "agent": {code.agent_name for code in codes if code.agent_name},
        "tool": set(program.tools),
        "policy": {name for text in texts.policies for site in text.sites for name in _rule_names(site)},
    }[kind]
    return "" if rest in known else f"there is no {kind} {rest}{did_you_mean(rest, sorted(known))}"


def _rule_names(site: Site) -> tuple[str, str]:
    return site.rule, site.rule.partition("/")[0]
