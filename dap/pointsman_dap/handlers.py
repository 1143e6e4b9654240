"""The table of requests: the shape of each one's arguments, when it may come, and what it makes us capable of.

What is announced to clients is made from this table, so nothing is promised that is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Struct

from pointsman_dap import params as ask
from pointsman_dap.adapter import Adapter
from pointsman_dap.answers import Answer
from pointsman_dap.errors import Refused
from pointsman_dap.faults import FILTERS
from pointsman_dap.protocol import Body, Request

Needs = Literal["nothing", "hello", "start", "choice", "run"]
"""What must have been before: nothing; `initialize`; a `launch` or `attach`; one that was read; a run that is there."""


ONE_RUN = "this connection has a run already; another one needs a connection of its own"


@dataclass(frozen=True, slots=True)
class Handler:
    """One request. `gives` are the capabilities that having it means."""

    shape: type[Struct]
    act: Callable[[Adapter, Request, Any], Answer]
    needs: Needs = "run"
    gives: Body = field(default_factory=dict)


def _initialize(adapter: Adapter, request: Request, args: Any) -> Answer:
    if adapter.state != "new":
        raise Refused("alreadyInitialized", "the adapter is initialized already")
    return adapter.initialize(args, CAPABILITIES)


def _launch(adapter: Adapter, request: Request, args: Any) -> Answer:
    if adapter.state != "ready":
        raise Refused("alreadyStarted", ONE_RUN)
    return adapter.launch(request, args)


def _attach(adapter: Adapter, request: Request, args: Any) -> Answer:
    if adapter.state != "ready":
        raise Refused("alreadyStarted", ONE_RUN)
    return adapter.attach(request, args)


def _configured(adapter: Adapter, request: Request, args: Any) -> Answer:
    if adapter.state != "configuring":
        raise Refused("alreadyStarted", "the run has been started already")
    return adapter.configured()


HANDLERS: dict[str, Handler] = {
    "initialize": Handler(ask.Initialize, _initialize, "nothing"),
    "launch": Handler(ask.Launch, _launch, "hello"),
    "attach": Handler(ask.Attach, _attach, "hello"),
    "configurationDone": Handler(ask.Nothing, _configured, "choice", {"supportsConfigurationDoneRequest": True}),
    "setBreakpoints": Handler(
        ask.SetBreakpoints,
        lambda adapter, request, args: adapter.set_breakpoints(args),
        "hello",
        {
            "supportsConditionalBreakpoints": True,
            "supportsHitConditionalBreakpoints": True,
            "supportsLogPoints": True,
        },
    ),
    "setFunctionBreakpoints": Handler(
        ask.SetFunctionBreakpoints,
        lambda adapter, request, args: adapter.set_function_breakpoints(args),
        "hello",
        {"supportsFunctionBreakpoints": True},
    ),
    "setExceptionBreakpoints": Handler(
        ask.SetExceptionBreakpoints,
        lambda adapter, request, args: adapter.set_exception_breakpoints(args),
        "hello",
        {"exceptionBreakpointFilters": FILTERS, "supportsExceptionFilterOptions": True},
    ),
    "breakpointLocations": Handler(
        ask.BreakpointLocations,
        lambda adapter, request, args: adapter.breakpoint_locations(args),
        "hello",
        {"supportsBreakpointLocationsRequest": True},
    ),
    "exceptionInfo": Handler(
        ask.Thread,
        lambda adapter, request, args: adapter.exception_info(args),
        gives={"supportsExceptionInfoRequest": True},
    ),
    "threads": Handler(ask.Nothing, lambda adapter, request, args: adapter.threads(), "hello"),
    "stackTrace": Handler(
        ask.StackTrace,
        lambda adapter, request, args: adapter.stack_trace(args),
        gives={"supportsDelayedStackTraceLoading": True},
    ),
    "scopes": Handler(ask.Scopes, lambda adapter, request, args: adapter.scopes(args)),
    "variables": Handler(ask.Variables, lambda adapter, request, args: adapter.variables(args)),
    "evaluate": Handler(
        ask.Evaluate,
        lambda adapter, request, args: adapter.evaluate(args),
        gives={"supportsEvaluateForHovers": True, "supportsClipboardContext": True},
    ),
    "setVariable": Handler(
        ask.SetVariable,
        lambda adapter, request, args: adapter.set_variable(request, args),
        gives={"supportsSetVariable": True},
    ),
    "setExpression": Handler(
        ask.SetExpression,
        lambda adapter, request, args: adapter.set_expression(request, args),
        gives={"supportsSetExpression": True},
    ),
    "continue": Handler(ask.Thread, lambda adapter, request, args: adapter.go(args, "on")),
    "next": Handler(ask.Thread, lambda adapter, request, args: adapter.go(args, "over")),
    "stepIn": Handler(ask.Thread, lambda adapter, request, args: adapter.go(args, "in")),
    "stepOut": Handler(ask.Thread, lambda adapter, request, args: adapter.go(args, "out")),
    "pause": Handler(ask.Thread, lambda adapter, request, args: adapter.pause()),
    "stepBack": Handler(
        ask.Thread, lambda adapter, request, args: adapter.back(far=False), gives={"supportsStepBack": True}
    ),
    "reverseContinue": Handler(
        ask.Thread, lambda adapter, request, args: adapter.back(far=True), gives={"supportsStepBack": True}
    ),
    "pointsman/session": Handler(ask.Nothing, lambda adapter, request, args: adapter.session()),
    "source": Handler(ask.Source, lambda adapter, request, args: adapter.source(args), "choice"),
    "loadedSources": Handler(
        ask.Nothing,
        lambda adapter, request, args: adapter.loaded_sources(),
        "hello",
        {"supportsLoadedSourcesRequest": True},
    ),
    "terminate": Handler(
        ask.Nothing,
        lambda adapter, request, args: adapter.terminate(),
        "start",
        {"supportsTerminateRequest": True},
    ),
    "disconnect": Handler(
        ask.Disconnect,
        lambda adapter, request, args: adapter.disconnect(args),
        "nothing",
        {"supportTerminateDebuggee": True},
    ),
    "cancel": Handler(ask.Cancel, lambda adapter, request, args: None, "hello", {"supportsCancelRequest": True}),
}
"""Every request we answer; `cancel` has acted when its turn comes (`connection`)."""

CAPABILITIES: Body = {name: value for handler in HANDLERS.values() for name, value in handler.gives.items()}


def check(adapter: Adapter, handler: Handler, command: str) -> None:
    """Raises Refused for a request that comes too early or too late."""
    if handler.needs == "nothing":
        return
    if adapter.state == "new":
        raise Refused("notInitialized", "`initialize` comes first")
    if handler.needs == "hello":
        return
    if adapter.state == "ready":
        raise Refused("noRun", f"`launch` or `attach` comes before {command}")
    if handler.needs == "start":
        return
    if adapter.state == "choosing":
        raise Refused("noRun", f"the run is not there yet; `initialized` comes before {command}")
    if handler.needs == "choice":
        return
    if adapter.state == "configuring":
        raise Refused("noRun", f"the run has not started; `configurationDone` comes before {command}")
    if adapter.state == "ended":
        raise Refused("ended", "the run is over")
