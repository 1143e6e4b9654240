"""What a stopped run shows, by handles that die when it goes on: frames, scopes, variables, values of expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from pointsman.debugger import inspection
from pointsman.debugger.causes import cause
from pointsman.debugger.debugger import Stop
from pointsman.debugger.frames import Frame, frames
from pointsman.debugger.nodes import Node, hidden
from pointsman.debugger.timeline import Timeline
from pointsman.errors import Misuse
from pointsman.security.redaction import Redactor
from pointsman_dap.errors import Refused
from pointsman_dap.params import Initialize, Variables
from pointsman_dap.places import Places
from pointsman_dap.texts import Texts

Body = dict[str, Any]

MOST = 1000
"""Children given at once to a client that can not ask for pages."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How a node was come to: by a scope's name, by its place and name in what has a handle, or by an expression."""

    name: str
    inside: int = 0
    index: int = 0
    evaluated: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame with the handle it has."""

    id: int
    frame: Frame


class Seeing:
    """The handles of one client. Numbers grow for ever, so one of an earlier stop never means another thing."""

    def __init__(self, client: Initialize, places: Places) -> None:
        self._client = client
        self._places = places
        self._next = 1
        self._first = 1
        self._things: dict[int, Frame | Node] = {}
        self._homes: dict[int, str] = {}
        """The branch that the node of a handle belongs to."""
        self._origins: dict[int, Origin] = {}
        self._dated: set[int] = set()
        """Handles of nodes from before an edit; each is come to anew when it is asked for."""
        self._renewed: tuple[Stop, Timeline, Redactor] | None = None
        self._stacks: dict[str, list[Placed]] = {}

    @property
    def asks_again(self) -> bool:
        """Whether the client asks again for what it is told has changed."""
        return self._client.supports_invalidated_event

    def forget(self) -> None:
        """The run has gone on, or stands elsewhere: everything handed out is void."""
        self._first = self._next
        self._things.clear()
        self._homes.clear()
        self._origins.clear()
        self._dated.clear()
        self._renewed = None
        self._stacks.clear()

    def look_again(self, stop: Stop, timeline: Timeline, hide: Redactor) -> None:
        """The run stands where it stood and shows something else: stacks are made anew, and a handle means what is now
        where it was."""
        self._stacks.clear()
        self._dated = set(self._origins)
        self._renewed = stop, timeline, hide

    def frames(self, stop: Stop, branch: str) -> list[Placed]:
        """The stack of a branch; the same handles each time it is asked for at one stop."""
        if branch not in self._stacks:
            self._stacks[branch] = [Placed(self._hold(frame, branch), frame) for frame in frames(stop, branch)]
        return self._stacks[branch]

    def told_frame(self, placed: Placed, texts: Texts) -> Body:
        """A frame as the protocol has it."""
        frame = placed.frame
        body: Body = {"id": placed.id, "name": frame.name, "line": 0, "column": 0, "presentationHint": frame.hint}
        if frame.span is not None:
            body["source"] = texts.told(texts.pipeline)
            body |= self._places.range(texts.pipeline.source, frame.span)
        return body

    def scopes(self, stop: Stop, timeline: Timeline, frame_id: int, hide: Redactor) -> list[Body]:
        """The scopes of a frame."""
        frame = self._frame(frame_id)
        found = []
        for group in inspection.scopes(stop, frame.branch, timeline):
            root = hidden(group.root, hide)
            # Even an empty scope has a handle: clients ask for what is in it without a look at the number.
            body: Body = {
                "name": group.name,
                "expensive": group.expensive,
                "variablesReference": self._hold(root, frame.branch, Origin(group.name)),
            }
            if group.hint:
                body["presentationHint"] = group.hint
            found.append(body)
        return found

    def variables(self, asked: Variables) -> list[Body]:
        """What lies in a handle: a page of a list, everything of a mapping."""
        handle = asked.variables_reference
        node = self._node(handle)
        if not node.indexed:
            return [] if asked.filter == "indexed" else self._children(handle, node)
        if asked.filter == "named":
            return []
        if self._client.supports_variable_paging:
            return self._children(handle, node, asked.start, asked.count)
        found = self._children(handle, node, 0, MOST)
        if node.indexed > MOST:
            rest = f"{node.indexed - MOST} more; evaluate one of them by its index"
            found.append({"name": "…", "value": rest, "variablesReference": 0})
        return found

    def evaluate(self, stop: Stop, frame_id: int | None, text: str, context: str, hide: Redactor) -> Body:
        """The value of an expression, in a frame or where the run stopped."""
        branch = stop.moment.branch if frame_id is None else self._frame(frame_id).branch
        try:
            node = hidden(inspection.evaluate(stop, branch, text), hide)
        except Misuse as error:
            raise Refused("notEvaluated", hide.text(error.message), show=False) from None
        body: Body = {"result": in_full(node) if context in ("clipboard", "repl") else node.shown}
        body |= self._reference(node, branch, Origin(text, evaluated=True))
        if self._client.supports_variable_type:
            body["type"] = node.type
        return body

    def named(self, handle: int, name: str) -> tuple[str, str]:
        """What has a name in a handle: its branch, and the expression that leads to it (or nothing)."""
        node = self._node(handle)
        index = name[1:-1] if node.indexed else ""
        children = node.children(int(index), 1) if index.isdecimal() else node.children()
        for child in children:
            if child.name == name:
                return self._homes[handle], child.path
        raise Refused("unknownReference", f"there is no {name} in {handle}")

    def value(self, stop: Stop, branch: str, expression: str, hide: Redactor) -> Body:
        """The value an expression leads to in a branch, as `variables` tells it."""
        node = hidden(inspection.evaluate(stop, branch, expression), hide)
        body = self._variable(node, branch, Origin(expression, evaluated=True))
        return {
            name: body[name] for name in ("value", "type", "variablesReference", "indexedVariables") if name in body
        }

    def branch_of(self, frame_id: int | None, stop: Stop) -> str:
        """The branch a frame belongs to, else the one that stopped."""
        return stop.moment.branch if frame_id is None else self._frame(frame_id).branch

    def _children(self, handle: int, node: Node, start: int = 0, count: int = 0) -> list[Body]:
        home, first = self._homes[handle], max(start, 0)
        return [
            self._variable(child, home, Origin(child.name, handle, index))
            for index, child in enumerate(node.children(start, count), first)
        ]

    def _variable(self, node: Node, branch: str, origin: Origin) -> Body:
        body: Body = {"name": node.name, "value": node.shown, **self._reference(node, branch, origin)}
        if self._client.supports_variable_type:
            body["type"] = node.type
        if node.path:
            body["evaluateName"] = node.path
        return body

    def _reference(self, node: Node, branch: str, origin: Origin) -> Body:
        if not node.unfolds:
            return {"variablesReference": 0}
        body: Body = {"variablesReference": self._hold(node, branch, origin)}
        if self._client.supports_variable_paging and node.indexed:
            body["indexedVariables"] = node.indexed
        return body

    def _hold(self, thing: Frame | Node, branch: str, origin: Origin | None = None) -> int:
        handle = self._next
        self._next += 1
        self._things[handle] = thing
        self._homes[handle] = branch
        if origin is not None:
            self._origins[handle] = origin
        return handle

    def _node(self, handle: int) -> Node:
        if handle in self._dated:
            self._things[handle] = self._come_to(handle)
            self._dated.discard(handle)
        node = self._thing(handle)
        if not isinstance(node, Node):
            raise Refused("unknownReference", "that is a frame; ask for its scopes")
        return node

    def _come_to(self, handle: int) -> Node:
        """What is now where the node of a handle was."""
        assert self._renewed is not None
        (stop, timeline, hide), origin, branch = self._renewed, self._origins[handle], self._homes[handle]
        node: Node | None
        if origin.inside:
            node = _child(self._node(origin.inside), origin)
        elif origin.evaluated:
            try:
                node = hidden(inspection.evaluate(stop, branch, origin.name), hide)
            except Misuse:
                node = None
        else:
            groups = inspection.scopes(stop, branch, timeline)
            node = next((hidden(group.root, hide) for group in groups if group.name == origin.name), None)
        if node is None:
            raise Refused("staleReference", f"what {handle} stood for is not there since a value was changed")
        return node

    def _frame(self, frame_id: int) -> Frame:
        frame = self._thing(frame_id)
        if isinstance(frame, Node):
            raise Refused("unknownReference", f"{frame_id} is no frame")
        return frame

    def _thing(self, handle: int) -> Frame | Node:
        thing = self._things.get(handle)
        if thing is None:
            if 0 < handle < self._first:
                raise Refused("staleReference", f"{handle} was given out at an earlier stop; the run has moved since")
            raise Refused("unknownReference", f"{handle} was never given out")
        return thing


def _child(node: Node, origin: Origin) -> Node | None:
    """The child at the place it had, or, where others have come before it, the one of its name."""
    if node.indexed:
        return next((child for child in node.children(origin.index, 1) if child.name == origin.name), None)
    found = node.children()
    at_place = found[origin.index : origin.index + 1]
    return next((child for child in (*at_place, *found) if child.name == origin.name), None)


def cause_page(stop: Stop, timeline: Timeline, hide: Redactor) -> Body:
    """Why a run stopped at a fault."""
    found = cause(stop, timeline, hide)
    return {
        "exceptionId": found.id,
        "description": found.sentence,
        "breakMode": "always",
        "details": {"message": found.sentence, "typeName": found.id, "stackTrace": found.page},
    }


def in_full(node: Node) -> str:
    """A value to copy: a string as it is, all else as JSON."""
    value = node.value
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
