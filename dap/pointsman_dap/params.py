"""The arguments of each request, as far as we read them: what is null is missing, what we do not know is let be."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from pointsman_dap.errors import Refused

Json = Any
S = TypeVar("S", bound=Struct)


class Args(Struct, frozen=True, rename="camel"):
    """Base of all: names are camel case on the wire."""


class Nothing(Args, frozen=True):
    """No arguments."""


class Initialize(Args, frozen=True):
    """What the client is and can do; only the flags count, never its name."""

    adapter_id: str = field(default="", name="adapterID")
    client_name: str = ""
    lines_start_at_1: bool = field(default=True, name="linesStartAt1")
    columns_start_at_1: bool = field(default=True, name="columnsStartAt1")
    path_format: str = "path"
    supports_variable_type: bool = False
    supports_variable_paging: bool = False
    supports_invalidated_event: bool = False


class Launch(Args, frozen=True):
    """A pipeline to run; or with `rerun` an older run to go on with, `from` a stage on. `stop_at` is one to stop at."""

    program: str = ""
    rerun: str = ""
    start_at: str = field(default="", name="from")
    stop_at: str = ""
    input: Json = None
    stop_on_entry: bool = False
    no_debug: bool = False
    answers: dict[str, Json] = field(default_factory=dict)
    cwd: str = ""
    env: dict[str, str | None] = field(default_factory=dict)


class Attach(Args, frozen=True):
    """A run to look at: its id, the start of one, `latest` or `latest:failed`."""

    run: str = "latest"
    stop_on_entry: bool = False


class SourceRef(Args, frozen=True):
    """Which text is meant."""

    path: str = ""
    source_reference: int = 0
    name: str = ""


class SourceBreakpoint(Args, frozen=True):
    """One breakpoint as it is asked for."""

    line: int
    column: int | None = None
    condition: str = ""
    hit_condition: str = ""
    log_message: str = ""


class SetBreakpoints(Args, frozen=True):
    """All breakpoints of one text; `lines` is what very old clients send."""

    source: SourceRef
    breakpoints: list[SourceBreakpoint] | None = None
    lines: list[int] = field(default_factory=list)


class BreakpointLocations(Args, frozen=True):
    """Where breakpoints can stand in a range."""

    source: SourceRef
    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


class FunctionBreakpoint(Args, frozen=True):
    """A breakpoint by name."""

    name: str
    condition: str = ""
    hit_condition: str = ""


class SetFunctionBreakpoints(Args, frozen=True):
    """All breakpoints by name."""

    breakpoints: list[FunctionBreakpoint]


class FilterOption(Args, frozen=True):
    """One exception filter with a condition."""

    filter_id: str
    condition: str = ""


class SetExceptionBreakpoints(Args, frozen=True):
    """The faults to stop at: some clients name them, others give options, some both."""

    filters: list[str] = field(default_factory=list)
    filter_options: list[FilterOption] = field(default_factory=list)


class Thread(Args, frozen=True):
    """The thread a request is about."""

    thread_id: int = 1


class StackTrace(Args, frozen=True):
    """A part of a stack; `levels` 0 is all of it."""

    thread_id: int = 1
    start_frame: int = 0
    levels: int = 0


class Scopes(Args, frozen=True):
    """The scopes of a frame."""

    frame_id: int


class Variables(Args, frozen=True):
    """What lies in something."""

    variables_reference: int
    filter: str = ""
    start: int = 0
    count: int = 0


class Evaluate(Args, frozen=True):
    """An expression, and where it was typed."""

    expression: str
    frame_id: int | None = None
    context: str = ""


class SetVariable(Args, frozen=True):
    """Another value for what has a name in something that was shown; the value is JSON, else a text."""

    variables_reference: int
    name: str
    value: str


class SetExpression(Args, frozen=True):
    """Another value for what an expression leads to."""

    expression: str
    value: str
    frame_id: int | None = None


class Source(Args, frozen=True):
    """A text that is asked for."""

    source_reference: int = 0
    source: SourceRef | None = None


class Disconnect(Args, frozen=True):
    """How the client leaves."""

    terminate_debuggee: bool | None = None


class Cancel(Args, frozen=True):
    """The request nobody waits for any more."""

    request_id: int | None = None


def shaped(arguments: Json, shape: type[S]) -> S:
    """The arguments of a request. Raises Refused when they do not fit."""
    if not isinstance(arguments, dict):
        raise Refused("badArguments", "the arguments do not fit: they are no object")
    try:
        return msgspec.convert(_without_null(arguments), shape)
    except msgspec.ValidationError as error:
        raise Refused("badArguments", f"the arguments do not fit: {error}") from None


def _without_null(arguments: dict[str, Json]) -> dict[str, Json]:
    """The protocol has optional members and no null; clients in Lua and Lisp send it all the same.

    A run's input and what else is the user's own JSON keeps every null it has.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    return {name: _users(value) if name in _USERS else _clean(value) for name, value in given.items()}


def _users(value: Json) -> Json:
    """All of these are objects; Lua can not tell an empty one from an empty list."""
    return {} if value == [] else value


def _clean(value: Json) -> Json:
    match value:
        case dict():
            return {name: _clean(inner) for name, inner in value.items() if inner is not None}
        case list():
            return [_clean(inner) for inner in value if inner is not None]
        case _:
            return value


_USERS = frozenset({"input", "answers", "env"})
