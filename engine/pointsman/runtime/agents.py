"""Who answers the effects of one run: workers for Python, processes for commands, scripts, models, and the policies.

Agents given by the caller as callables (library use, tests) run in this process; all others never do.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pointsman.errors import Misuse
from pointsman.executors import CommandAgent, InProcessAgent, LlmAgent, PythonAgent, ScriptedAgent, WorkerPool, complete
from pointsman.executors.call import CallSpec, Executor, Outcome, Port
from pointsman.kernel.effects import Call, Decide, Invoke
from pointsman.kernel.events import Decided, ErrorInfo, Json
from pointsman.kernel.instructions import Program, compile_value
from pointsman.kernel.state import State
from pointsman.language import model
from pointsman.language.expressions import as_text
from pointsman.language.source import Source
from pointsman.language.syntax import AliasBudget, parse, plain
from pointsman.runtime.policies import PolicyBook
from pointsman.runtime.reuse import Reuse, reusing

PROBE_S = 20.0
"""How long an interpreter may take to say its version: a cold disk is slow, a hanging one must not hold us."""


class Agents:
    """Executors by name, made when first asked for; `close` ends every process they hold."""

    def __init__(
        self,
        program: Program,
        *,
        interpreter: str,
        roots: Sequence[Path],
        cwd: Path,
        env: Mapping[str, str] | None = None,
        scripts: Mapping[str, bytes] | None = None,
        policies: PolicyBook | None = None,
        in_process: Mapping[str, Callable[..., Any]] | None = None,
        reuse: Reuse | None = None,
        code: Mapping[Path, bytes] | None = None,
    ) -> None:
        self._program = program
        self._code = code or {}
        self._reuse = reuse
        self._interpreter = interpreter
        self._roots = tuple(roots)
        self._cwd = cwd
        self._env = worker_env(interpreter, env)
        self._scripts = {name: script_data(name, data) for name, data in (scripts or {}).items()}
        self._policies = policies
        self._pool: WorkerPool | None = None
        self._made: dict[str, Executor] = {name: InProcessAgent(fn) for name, fn in (in_process or {}).items()}

    def agent(self, effect: Invoke, state: State) -> Executor:
        """The executor of an attempt. Scripts and commands are made for it, the others are shared."""
        if known := reusing(self._reuse, effect, state):
            return known
        made = self._made.get(effect.agent)
        if made is not None:
            return made
        agent = self._program.agents[effect.agent]
        match agent.target:
            case model.PythonTarget(target):
                made = self._made[effect.agent] = PythonAgent(self._workers(), target)
                return made
            case model.CommandTarget() as command:
                return self._command(command, effect.request or {})
            case model.ScriptedTarget(results):
                return _AtVisit(ScriptedAgent(results), effect.visit)
            case model.LlmTarget() as llm:
                tools = [{"name": tool.name, "description": "", "parameters": {}} for tool in agent.tools]
                request = effect.request or {}
                return LlmAgent(llm.model, request.get("prompt", ""), tools=tools, result=request.get("result"))
            case None:
                raise Misuse("agent_without_target", f"agent {agent.name} says neither python nor command")

    def call(self, effect: Call, state: State) -> Callable[[CallSpec, Port], Awaitable[Outcome]]:
        """What answers a request made from inside an attempt."""
        if effect.what == "llm":
            return self._model(effect)
        in_process = self._made.get(f"tool {effect.name}")
        if in_process:
            return in_process.run
        tool = self._program.tools[effect.name]
        match tool.target:
            case model.PythonTarget(target):
                pool = self._workers()
                return lambda spec, port: pool.run_python(target, spec, port, inside=effect.parent)
            case model.CommandTarget() as command:
                return self._command(command, {"argv": _argv(command, effect.args)}).run
            case _:
                return _no_such_tool

    def decide(self, effect: Decide, state: State) -> Decided:
        """The policies' answer, from the texts as they are now."""
        if self._policies is None:
            return Decided(effect.id, "allow")
        return self._policies.decide(effect, state)

    async def warm(self) -> None:
        """Start as many workers as may run at once, if this program needs any, so that no stage waits for a start."""
        targets = [agent.target for name, agent in self._program.agents.items() if name not in self._made]
        if any(isinstance(target, model.PythonTarget) for target in targets):
            pool = self._workers()
            await asyncio.gather(*(probe(pool) for _ in range(os.cpu_count() or 1)))

    async def close(self) -> None:
        """End every worker."""
        for executor in self._made.values():
            await executor.close()
        if self._pool:
            await self._pool.close()

    def _workers(self) -> WorkerPool:
        if self._pool is None:
            self._pool = WorkerPool(self._interpreter, self._env, self._roots, self._cwd, pinned=self._code)
        return self._pool

    def _command(self, command: model.CommandTarget, request: dict[str, Json]) -> CommandAgent:
        stdin = request.get("stdin")
        return CommandAgent(
            [_word(word) for word in request.get("argv") or []],
            parse=command.parse,  # type: ignore[arg-type]  # the schema allows only these three
            ok_exit=command.ok_exit,
            stdin=None if stdin is None else _word(stdin),
            cwd=self._cwd,
            env=self._env,
            wall_s=command.wall_ns / 1e9 if command.wall_ns else None,
            memory_bytes=command.memory or None,
        )

    def _model(self, effect: Call) -> Callable[[CallSpec, Port], Awaitable[Outcome]]:
        name = effect.name.removeprefix("scripted:")
        script = self._scripts.get(name)

        async def ask(spec: CallSpec, port: Port) -> Outcome:
            await port.started(effect.name)
            if script is None:
                known = ", ".join(f"scripted:{each}" for each in self._scripts) or "none"
                message = f"this run knows no model {effect.name}; it knows {known}"
                return Outcome(error=ErrorInfo("agent", "model_unknown", message, spec.stage))
            return complete(script, effect.args["messages"], effect.args.get("tools", []))

        return ask


class _AtVisit:
    """A script at one visit of its stage."""

    def __init__(self, agent: ScriptedAgent, visit: int) -> None:
        self._agent = agent
        self._visit = visit

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        return await self._agent.run(spec, port, self._visit - 1)

    async def close(self) -> None:
        await self._agent.close()


class _NoRun:
    """The port of a call that belongs to no run."""

    async def started(self, where: str) -> None:
        return None

    async def request(self, what: str, name: str, args: Json) -> Outcome:
        return Outcome(error=ErrorInfo("internal", "no_run", "there is no run to ask"))

    def progress(self, message: str, fraction: float | None) -> None:
        return None

    def output(self, stream: str, text: str) -> None:
        return None


async def probe(pool: WorkerPool) -> Outcome:
    """The version of a pool's Python, asked from a worker, or why there is none."""
    spec = CallSpec("probe", 1, "probe", "probe", {}, "probe", PROBE_S)
    return await pool.run_python("platform:python_version", spec, _NoRun())


async def probe_interpreter(path: str, cwd: Path) -> Outcome:
    """The version of an interpreter as workers see it, or why it can not be used."""
    pool = WorkerPool(path, worker_env(path), (), cwd, size=1)
    try:
        return await probe(pool)
    finally:
        await pool.close()


def worker_env(interpreter: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The launching client's environment, with the interpreter's folder first on PATH as an activated one has it."""
    base = dict(os.environ if env is None else env)
    folder = str(Path(interpreter).parent)
    if Path(interpreter).is_absolute():
        base["PATH"] = folder + os.pathsep + base.get("PATH", "")
    return base


def script_data(name: str, data: bytes) -> list[Json]:
    """The replies of a scripted model: a list, or a mapping with `replies`. Raises Misuse."""
    tree = parse(Source(name, data))
    if tree.diagnostics or not tree.documents:
        why = tree.diagnostics[0].message if tree.diagnostics else "it is empty"
        raise Misuse("script_unreadable", f"{name} is no list of replies: {why}")
    try:
        content = plain(tree.documents[0].root)
    except AliasBudget:
        raise Misuse("script_unreadable", f"{name} is no list of replies: its aliases make it too large") from None
    replies = content.get("replies") if isinstance(content, dict) else content
    if not isinstance(replies, list):
        raise Misuse("script_unreadable", f"{name} is no list of replies")
    return replies


def _argv(command: model.CommandTarget, args: Json) -> list[Json]:
    """A command used as a tool sees its call's arguments as `args`."""
    words = compile_value(command.argv)({"args": args})
    return words if isinstance(words, list) else [words]


def _word(value: Json) -> str:
    """A word of a command line: strings as they are, the rest as templates join it."""
    return as_text(value)


async def _no_such_tool(spec: CallSpec, port: Port) -> Outcome:
    return Outcome(error=ErrorInfo("agent", "tool_unusable", f"tool {spec.agent} says neither python nor command"))
