"""Agents that are programs: started without a shell, bounded, and ended with all they started.

Laws:
- The arguments go to the program as they are; nothing in between reads them as code.
- A stage is over when its program is over: what it left running in its process group is ended then.
- A host that is killed takes its programs with it, and their process groups: a resumed run starts them anew.
- stdout is the result and stays here; stderr is output, and its last lines explain a failure.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Literal, NoReturn

from pointsman.executors.call import CallSpec, Outcome, Port, failed, timed_out
from pointsman.executors.calling import NotJson, plain
from pointsman.executors.output import Output
from pointsman.executors.process import Process
from pointsman.kernel.events import Json

MAX_STDOUT = 32 * 1024 * 1024
"""Bytes a program may write as its result."""

_TAIL = 4096
_LAST_LINES = 5


@dataclass(frozen=True, kw_only=True)
class CommandAgent:
    """`argv` is rendered already; `env` is the program's whole environment.

    `wall_s` bounds each attempt as its timeout does, `memory_bytes` the address space (on Linux, ignored elsewhere).
    """

    argv: Sequence[str] = field(kw_only=False)
    parse: Literal["json", "lines", "text"] = "text"
    ok_exit: frozenset[int] = frozenset({0})
    stdin: str | None = None
    cwd: Path
    env: Mapping[str, str]
    wall_s: float | None = None
    memory_bytes: int | None = None
    max_stdout: int = MAX_STDOUT

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        """Run the program to its end."""
        if not self.argv or not self.argv[0]:
            return failed(spec, "agent", "command_missing", f"{spec.agent} names no program")
        await port.started(f"command {self.argv[0]}")
        return await _Attempt(self, spec, port).run()

    async def close(self) -> None:
        """Nothing outlives an attempt."""


class _Attempt:
    """One run of a program."""

    def __init__(self, agent: CommandAgent, spec: CallSpec, port: Port) -> None:
        self._agent, self._spec, self._name = agent, spec, agent.argv[0]
        self._output = Output(port.output)
        self._stdout = bytearray()
        self._tail = b""
        self._full = asyncio.Event()

    async def run(self) -> Outcome:
        agent, spec = self._agent, self._spec
        with ExitStack() as open_files:
            stdin = DEVNULL
            if agent.stdin is not None:  # a file and no pipe: the program may read it late, or never
                given = open_files.enter_context(tempfile.TemporaryFile())
                given.write(agent.stdin.encode("utf-8", "replace"))
                given.seek(0)
                stdin = given.fileno()
            process = Process(agent.argv, env=agent.env, cwd=agent.cwd, on_output=self._feed, stdin=stdin, guarded=True)
            try:
                await process.start()
            except (OSError, ValueError) as error:
                return self._not_started(error)
        _limit_memory(process.pid, agent.memory_bytes)
        limits = [limit for limit in (spec.timeout_s, agent.wall_s) if limit is not None]
        full = asyncio.ensure_future(self._full.wait())
        either: list[asyncio.Future[Any]] = [full, process.exited]
        late = asyncio.ensure_future(spec.sleep(min(limits))) if limits else None
        try:
            await asyncio.wait([*either, late] if late else either, return_when=asyncio.FIRST_COMPLETED)
            if self._full.is_set():
                await process.kill(0)
                message = (
                    f"{self._name} wrote more than {agent.max_stdout:,} bytes to stdout; let it write a file instead"
                )
                return failed(spec, "contract", "result_too_large", message)
            if not process.exited.done():
                await process.kill()
                return timed_out(spec, min(limits))
            return self._ended(process.exited.result())
        except asyncio.CancelledError:
            await asyncio.shield(process.kill())
            raise
        finally:
            full.cancel()
            if late is not None:
                late.cancel()
            self._output.flush()

    def _feed(self, stream: str, data: bytes) -> None:
        if stream == "stderr":
            self._tail = (self._tail + data)[-_TAIL:]
            self._output.feed(stream, data)
        elif not self._full.is_set():
            self._stdout += data
            if len(self._stdout) > self._agent.max_stdout:
                self._stdout.clear()
                self._full.set()

    def _not_started(self, error: Exception) -> Outcome:
        if isinstance(error, OSError) and not self._agent.cwd.is_dir():
            why = f"its folder {self._agent.cwd} does not exist"
        elif isinstance(error, FileNotFoundError):
            why = "there is no such program on the PATH of this run"
        elif isinstance(error, PermissionError):
            why = "it is not executable"
        else:
            why = str(error)
        return failed(self._spec, "agent", "command_missing", f"{self._name} can not be started: {why}")

    def _ended(self, code: int) -> Outcome:
        if code in self._agent.ok_exit:
            return self._parsed()
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
        if code < 0:
            known = -code in signal.valid_signals()
            how = f"was ended by {signal.Signals(-code).name if known else f'signal {-code}'}"
        else:
            how = f"ended with exit code {code}"
        message = f"{self._name} {how}" + (":\n" + "\n".join(lines) if lines else "")
        return failed(self._spec, "agent", "command_failed", message)

    def _parsed(self) -> Outcome:
        if self._agent.parse == "json":
            return self._json()
        text = self._stdout.decode("utf-8", "replace")
        if self._agent.parse == "text":
            return Outcome(text)
        lines = text.replace("\r\n", "\n").split("\n")
        return Outcome(lines[:-1] if lines[-1] == "" else lines)

    def _json(self) -> Outcome:
        try:
            value: Json = plain(json.loads(self._stdout.decode(), parse_constant=_refuse))
        except json.JSONDecodeError as error:
            why = f"{error.msg} at line {error.lineno}, column {error.colno}" if self._stdout else "it printed nothing"
        except UnicodeDecodeError as error:
            why = f"byte {error.start} is no UTF-8"
        except NotJson as error:
            why = error.describe("its output")
        except RecursionError:
            why = "it nests too deep"
        except ValueError as error:
            why = str(error)
        else:
            return Outcome(value)
        return failed(self._spec, "contract", "command_output_not_json", f"{self._name} did not print JSON: {why}")


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _limit_memory(pid: int, limit: int | None) -> None:
    """Set from outside, right after the start: a hook between fork and exec is not safe in a process with threads."""
    if limit is None or sys.platform != "linux":
        return
    import resource

    with suppress(OSError):  # it may have ended already
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
