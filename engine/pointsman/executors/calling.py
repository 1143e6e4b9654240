"""What surrounds an agent's function wherever it runs: it is found, bound, given its `ctx`, and its end made data.

Laws:
- Standard library only, Python 3.9 to 3.14, nothing of Pointsman: the worker loads this file by its path, the host
  imports it for agents in process, so both bind, convert and blame alike.
- An agent may raise and return anything at all; what comes out of here is JSON, or a `Failure` with a stable code.
"""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import importlib
import inspect
import json
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

MAX_DEPTH = 200
"""How deep JSON may nest: its readers have Python's recursion limit of 1,000, and half of that in use."""

_UNREAD: dict[str, Any] = {}
if sys.version_info >= (3, 14):  # annotations are code there, and may name what is imported for type checkers alone
    import annotationlib

    _UNREAD["annotation_format"] = annotationlib.Format.STRING

_MAX_MESSAGE = 4_000
_MAX_TRACEBACK = 16_000
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY = os.path.dirname(os.__file__) + os.sep


# --- failures -------------------------------------------------------------------------------------------------------


class Failure(Exception):
    """A failure with its class and code: what an `error` frame says."""

    def __init__(self, klass: str, code: str, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.klass, self.code, self.message, self.trace = klass, code, message[:_MAX_MESSAGE], trace


class ToolError(Exception):
    """A tool or model call the run refused, or that failed; agents know it as `ctx.ToolError`."""

    def __init__(self, name: str, klass: str, code: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.klass, self.code, self.message = name, klass, code, message


class NotJson(Exception):
    """A value that has no place in JSON; `path` leads to it, innermost first."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.path: list[str] = []

    def at(self, step: str) -> None:
        self.path.append(step)

    def describe(self, root: str) -> str:
        path = "".join(reversed(self.path[-12:]))
        return f"{root}{path} {self}"


def failure_of(error: BaseException) -> Failure:
    """What an exception out of an agent means."""
    if isinstance(error, Failure):
        return error
    message, trace = describe(error), user_traceback(error)
    if isinstance(error, ToolError):  # not handled by the agent: its class decides about retries, its code about routes
        return Failure(error.klass, error.code, message, trace)
    if isinstance(error, SystemExit):
        return Failure("agent", "agent_exited", f"the agent called sys.exit({error.code!r})", trace)
    said = getattr(error, "pointsman_class", None)
    klass = "transient" if said == "transient" or (said != "agent" and isinstance(error, _TRANSIENT)) else "agent"
    return Failure(klass, "agent_raised", message, trace)


_TRANSIENT = (ConnectionError, TimeoutError, socket.timeout, asyncio.TimeoutError)


def describe(error: BaseException) -> str:
    """`ValueError: no such thing`, for any exception, even one that can not be printed."""
    try:
        text = str(error)
    except Exception:
        text = "(its message can not be read)"
    name = type(error).__qualname__
    whole = (f"{name}: {text}" if text else name)[:_MAX_MESSAGE]
    return whole.encode("utf-8", "backslashreplace").decode()


def user_traceback(error: BaseException) -> str:
    """The traceback with the user's frames alone, its end kept when it is long."""
    try:
        whole = traceback.TracebackException.from_exception(error)
        _cut(whole, 0)
        text = "".join(whole.format())
    except Exception:  # an exception that lies about itself must not cost the answer
        return ""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _MAX_TRACEBACK else "[...]\n" + text[-_MAX_TRACEBACK:]


def _cut(part: traceback.TracebackException, depth: int) -> None:
    ours = (_HERE, "<frozen importlib", _LIBRARY + "importlib")
    frames = [frame for frame in part.stack if not frame.filename.startswith(ours)]
    while frames and frames[0].filename.startswith((_LIBRARY + "asyncio", _LIBRARY + "threading")):
        del frames[0]
    part.stack[:] = frames
    if depth < 10:
        for other in (part.__cause__, part.__context__):
            if other is not None:
                _cut(other, depth + 1)


# --- values ---------------------------------------------------------------------------------------------------------


def plain(value: Any, depth: int = 0) -> Any:
    """A copy made of JSON's own types alone; raises `NotJson`. Takes dataclasses and what has `model_dump()`."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NotJson("holds half of a surrogate pair, which is no character") from None
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, int):
        return value if type(value) is int else int.__int__(value)
    if isinstance(value, float):
        if value - value != 0.0:
            raise NotJson(f"is {float.__repr__(value)}, which JSON has no word for")
        return value if type(value) is float else float.__float__(value)
    if depth >= MAX_DEPTH:
        raise NotJson(f"nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return _plain_dict(value, depth)
    if isinstance(value, (list, tuple)):
        items = []
        for index, item in enumerate(value):
            try:
                items.append(plain(item, depth + 1))
            except NotJson as error:
                error.at(f"[{index}]")
                raise
        return items
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_dict({field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, depth)
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        try:
            dumped = dump(mode="json")
        except TypeError:
            dumped = dump()
        return plain(dumped, depth + 1)
    raise NotJson(f"is of type {type(value).__qualname__}, which JSON does not have")


def _plain_dict(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    items = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotJson(f"has the key {key!r:.80}; keys are strings in JSON")
        try:
            items[plain(key)] = plain(item, depth + 1)
        except NotJson as error:
            error.at(f".{key}")
            raise
    return items


def checked(value: Any, root: str = "the result") -> Any:
    """`plain`, with a `Failure` for what is no JSON."""
    try:
        return plain(value)
    except NotJson as error:
        raise Failure("contract", "result_not_json", error.describe(root)) from None
    except RecursionError:
        raise Failure("contract", "result_not_json", f"{root} nests too deep") from None


def encoded(value: Any, limit: int) -> bytes:
    """The JSON text of a result."""
    try:
        body = json.dumps(checked(value), ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError as error:  # an int too long to be written
        raise Failure("contract", "result_not_json", f"the result can not be written: {error}") from None
    if len(body) > limit:
        message = f"the result has {len(body):,} bytes of JSON, {limit:,} are allowed; hand over a path instead"
        raise Failure("contract", "result_too_large", message)
    return body


# --- agents ---------------------------------------------------------------------------------------------------------


class Agent:
    """A callable and what one look at its signature tells."""

    def __init__(self, fn: Callable[..., Any], name: str) -> None:
        self.fn, self.name = fn, name
        self.is_async = _is_async(fn)
        # A decorator may hide an `async def` behind a `def`: it is not called on a loop, but its ctx is to be awaited.
        self.awaits = self.is_async or _is_async(inspect.unwrap(fn))
        self.signature: inspect.Signature | None = None
        self.names: frozenset[str] = frozenset()
        self.required: frozenset[str] = frozenset()
        self.takes_ctx = self.takes_any = False
        try:
            self.signature = inspect.signature(fn, **_UNREAD)
        except Exception:  # some builtins have none, objects may make their own; they check their arguments themselves
            return
        keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        parameters = self.signature.parameters.values()
        self.names = frozenset(p.name for p in parameters if p.kind in keyword)
        self.required = frozenset(
            p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        )
        self.takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.takes_ctx = "ctx" in self.names

    def arguments(self, args: dict[str, Any], ctx: Callable[[], Any]) -> dict[str, Any]:
        """The keywords to call it with; an argument of that name that was written wins over the `ctx` we would give."""
        if self.takes_ctx and "ctx" not in args:
            args = {**args, "ctx": ctx()}
        if self.signature is None or (self.required <= args.keys() and (self.takes_any or args.keys() <= self.names)):
            return args
        try:
            self.signature.bind(**args)
        except TypeError as error:
            takes = ", ".join(name for name in self.signature.parameters if name != "ctx") or "nothing"
            unknown = [near for name in args if name not in self.names for near in _nearest(name, self.names)]
            hint = f"; did you mean {unknown[0]}?" if unknown and not self.takes_any else ""
            raise Failure("agent", "agent_arguments", f"{self.name}: {error}; it takes {takes}{hint}") from None
        return args


def _is_async(fn: Any) -> bool:
    made = inspect.iscoroutinefunction
    return made(fn) or (not isinstance(fn, type) and made(getattr(type(fn), "__call__", None)))  # noqa: B004 - not "is it"


def resolve(target: str, load: Callable[[str], Any] = importlib.import_module) -> Any:
    """The object `module:name` stands for."""
    module_name, colon, path = target.partition(":")
    if not colon or not module_name or not path:
        raise Failure("agent", "agent_missing", f"{target!r} is not of the form module:function")
    found: Any = _module(module_name, load)
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            near = _nearest(name, [known for known in dir(found) if callable(getattr(found, known, None))])
            hint = f"; did you mean {near[0]}?" if near else ""
            raise Failure("agent", "agent_missing", f"{module_name} has no {name}{hint}") from None
    if not callable(found):
        raise Failure("agent", "agent_missing", f"{target} is of type {type(found).__qualname__} and can not be called")
    return found


def _module(name: str, load: Callable[[str], Any]) -> Any:
    try:
        try:
            return load(name)
        except ModuleNotFoundError:
            importlib.invalidate_caches()  # a file may be younger than what the import system remembers of its folder
            return load(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            near = _nearest(error.name.rpartition(".")[2], _siblings(error.name))
            hint = f"; did you mean {near[0]}?" if near else ""
            message = f"there is no module {error.name} in the import roots or the interpreter{hint}"
            raise Failure("agent", "agent_missing", message) from None
        raise Failure("agent", "agent_import_failed", describe(error), user_traceback(error)) from None
    except BaseException as error:  # a module may do anything while it is imported, sys.exit included
        raise Failure("agent", "agent_import_failed", describe(error), user_traceback(error)) from None


def _siblings(name: str) -> list[str]:
    parent = name.rpartition(".")[0]
    folders = list(getattr(sys.modules.get(parent), "__path__", [])) if parent else sys.path
    names = []
    for folder in folders:
        try:
            entries = os.listdir(folder or ".")
        except OSError:
            continue
        names += [entry[:-3] if entry.endswith(".py") else entry for entry in entries if "-" not in entry]
    return names


def _nearest(name: str, known: Any) -> list[str]:
    return difflib.get_close_matches(name, sorted(set(known)), n=1)


# --- what an agent gets ---------------------------------------------------------------------------------------------


class Link(Protocol):
    """How a context reaches its run: over the wire from a worker, directly in process."""

    cancelled: bool

    def request(self, what: str, name: str, args: Any, done: Callable[[Any, dict[str, str] | None], None]) -> None:
        """Ask; `done(value, error)` is called once, on any thread."""

    def progress(self, message: str, fraction: float | None) -> None:
        """Tell."""


class _Context:
    ToolError = ToolError

    def __init__(self, link: Link, stage: str, attempt: int, key: str, seconds: float | None) -> None:
        self.stage, self.attempt, self.key = stage, attempt, key
        self._link = link
        self._ends = None if seconds is None else time.monotonic() + seconds

    @property
    def deadline(self) -> float | None:
        """Seconds this attempt may still take; None when nothing bounds it."""
        return None if self._ends is None else max(0.0, self._ends - time.monotonic())

    @property
    def cancelled(self) -> bool:
        """Whether the run wants this attempt to stop; whoever looks at it can end cleanly."""
        return self._link.cancelled

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Say how far this is, `fraction` from 0 to 1."""
        known = fraction is not None and fraction == fraction  # NaN, from 0 items of 0, is none
        self._link.progress(str(message), min(1.0, max(0.0, float(fraction or 0.0))) if known else None)


class Context(_Context):
    """What an agent gets as `ctx`; `tool` and `llm` block its thread."""

    def tool(self, name: str, /, **args: Any) -> Any:
        """Call a tool of the pipeline; raises `ctx.ToolError`."""
        return self._ask("tool", name, args)

    def llm(self, model: str, messages: Any, tools: Any = ()) -> Any:
        """Ask a model; `messages` is a list, or the text of one. Returns `{text, tool_calls, ...}`."""
        return self._ask("llm", model, _model_args(messages, tools))

    def _ask(self, what: str, name: str, args: Any) -> Any:
        ready = threading.Event()
        answer: list[Any] = []

        def done(value: Any, error: dict[str, str] | None) -> None:
            answer.append((value, error))
            ready.set()

        self._link.request(what, name, _request_args(args), done)
        ready.wait()
        return _value(name, *answer[0])


class AsyncContext(_Context):
    """What an `async def` agent gets as `ctx`: the same names, to be awaited."""

    async def tool(self, name: str, /, **args: Any) -> Any:
        """Call a tool of the pipeline; raises `ctx.ToolError`."""
        return await self._ask("tool", name, args)

    async def llm(self, model: str, messages: Any, tools: Any = ()) -> Any:
        """Ask a model; `messages` is a list, or the text of one. Returns `{text, tool_calls, ...}`."""
        return await self._ask("llm", model, _model_args(messages, tools))

    async def _ask(self, what: str, name: str, args: Any) -> Any:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def settle(value: Any, error: dict[str, str] | None) -> None:
            if not answer.done():
                answer.set_result((value, error))

        def done(value: Any, error: dict[str, str] | None) -> None:
            try:
                loop.call_soon_threadsafe(settle, value, error)
            except RuntimeError:  # the agent is gone, nobody waits
                return

        self._link.request(what, name, _request_args(args), done)
        return _value(name, *await answer)


def _model_args(messages: Any, tools: Any) -> dict[str, Any]:
    written = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
    return {"messages": written, "tools": list(tools)}


def _request_args(args: Any) -> Any:
    try:
        return plain(args)
    except NotJson as error:
        raise TypeError(error.describe("the call")) from None


def _value(name: str, value: Any, error: dict[str, str] | None) -> Any:
    if error is not None:
        raise ToolError(name, error["class"], error["code"], error["message"])
    return value
