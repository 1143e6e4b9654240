"""The debuggers that are measured, each at the start of a loop that does nothing: ours, and debugpy in two ways.

Ours steps over stages of a pipeline, debugpy over lines of Python: that is what a person at each of them does.
"""

from __future__ import annotations

import venv
from dataclasses import dataclass
from pathlib import Path
from subprocess import run
from typing import Any

from servers import CACHE, POINTSMAN
from stepper import Stepper
from tables import OURS, say

DEBUGPY = "1.8.22"

ROUNDS = 100_000
"""What the loops may go round: more than any measurement does."""

SCRIPTED = 1_500
"""Results that a scripted agent has ready: more than it is called."""

LOOP_PY = '''"""A loop that does nothing: each line calls a function that adds one."""


def work(n):
    return n + 1


def loop():
    n = m = 0
    while True:
        n = work(n)
        m = work(m)


loop()
'''
LOOP_LINE = 11

IN_PROCESS = """
import json, runpy, socket, sys, debugpy
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
debugpy.configure(subProcess=False)
debugpy.listen(("127.0.0.1", port), in_process_debug_adapter=True)
sys.stdout.write(json.dumps({"port": port}) + "\\n")
sys.stdout.flush()
debugpy.wait_for_client()
import pydevd  # on the path since debugpy listens
pydevd.get_global_debugger().writer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@dataclass(frozen=True, slots=True)
class Debugger:
    """A debugger as it is started, and what it debugs."""

    name: str
    argv: tuple[str, ...]
    command: str
    arguments: dict[str, Any]
    program: Path
    line: int
    over_socket: bool = False

    def start(self, folder: Path) -> tuple[Stepper, float]:
        """Stopped at its breakpoint, and the seconds from nothing to there."""
        logs = CACHE / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"dap-{self.name.replace(',', '').replace(' ', '-')}.log"
        stepper = Stepper(self.argv, folder, log)
        try:
            if self.over_socket:
                stepper.connect()
            return stepper, stepper.start(self.command, self.arguments, self.program, self.line)
        except BaseException:
            stepper.process.kill()
            stepper.close()
            raise


def ours(folder: Path) -> list[Debugger]:
    """Stages of three kinds: one the engine does itself, one a script answers, one a worker process does."""
    kinds = {
        OURS: ("set", "", "{set: {n: '${{ state.n + 1 }}'}", "state.n"),
        f"{OURS}, scripted agent": (
            "script",
            f"agents: {{work: {{scripted: [{', '.join(['{n: 1}'] * SCRIPTED)}]}}}}\n",
            "{agent: work",
            "visits.two",
        ),
        f"{OURS}, agent in a worker process": (
            "worker",
            'agents: {work: {python: "noop:work"}}\n',
            "{agent: work, with: {n: '${{ state.n }}'}",
            "visits.two",
        ),
    }
    (folder / "noop.py").write_text('def work(n):\n    """Nothing much."""\n    return {"n": n + 1}\n', "utf-8")
    found = []
    for name, (short, agents, stage, counter) in kinds.items():
        path = folder / f"{short}.pipeline.yaml"
        path.write_text(_pipeline(short, agents, stage, counter), "utf-8")
        line = path.read_text("utf-8").split("\n").index("stages:") + 2
        found.append(Debugger(name, (str(POINTSMAN), "dap"), "launch", {"program": str(path)}, path, line))
    return found


def recorded(folder: Path, rounds: int) -> Path:
    """The pipeline of a run to be recorded that goes round so many times."""
    path = folder / "recorded.pipeline.yaml"
    path.write_text(_pipeline("recorded", "", "{set: {n: '${{ state.n + 1 }}'}", "state.n", rounds), "utf-8")
    return path


def attached(program: Path) -> Debugger:
    """Ours at the last run there is."""
    return Debugger(OURS, (str(POINTSMAN), "dap"), "attach", {"run": "latest"}, program, 0)


def peers(folder: Path) -> list[Debugger]:
    """debugpy as an editor starts it, and without its adapter process and the delays of Nagle's algorithm."""
    python = str(_debugpy())
    program = folder / "loop.py"
    program.write_text(LOOP_PY, "utf-8")
    launch = {"program": str(program), "console": "internalConsole", "cwd": str(folder), "justMyCode": True}
    fast = (python, "-Xfrozen_modules=off", "-c", IN_PROCESS, str(program))
    return [
        Debugger("debugpy", (python, "-m", "debugpy.adapter"), "launch", launch, program, LOOP_LINE),
        Debugger(
            "debugpy, in process, TCP_NODELAY",
            fast,
            "attach",
            {"justMyCode": True},
            program,
            LOOP_LINE,
            over_socket=True,
        ),
    ]


def versions() -> str:
    """What is measured, in one line."""
    return f"debugpy {DEBUGPY}"


def _pipeline(name: str, agents: str, stage: str, counter: str, rounds: int = ROUNDS) -> str:
    """Two stages alike, round and round; the second one's way on is weighed each time."""
    return f"""\
pipeline: {name}
language: 1
state: {{n: {{type: integer, default: 0}}}}
{agents}limits: {{iterations: {ROUNDS}, hops: {4 * ROUNDS}}}
stages:
  one: {stage}}}
  two: {stage}, routes: [{{when: {counter} < {rounds}, to: one}}, {{to: end}}]}}
"""


def _debugpy() -> Path:
    """The Python that has debugpy, installed first if need be."""
    home = CACHE / f"debugpy-{DEBUGPY}"
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        say(f"installing debugpy {DEBUGPY}")
        venv.create(home, with_pip=True, clear=True)
        run(
            [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", f"debugpy=={DEBUGPY}"],
            check=True,
        )
        (home / "installed").touch()
    return python
