"""Where agent code runs: worker processes, programs, this process, models; all behind `Executor`.

An executor gets a `CallSpec` and a `Port` to its run and gives back an `Outcome`; it never raises for what an agent
does. The server uses workers alone for Python; `InProcessAgent` is for library use and the test kit.
"""

from pointsman.executors.call import CallSpec, Executor, Outcome, Port
from pointsman.executors.command import CommandAgent
from pointsman.executors.inprocess import InProcessAgent
from pointsman.executors.llm import LlmAgent
from pointsman.executors.pool import PythonAgent, WorkerPool
from pointsman.executors.scripted import ScriptedAgent, complete

__all__ = [
    "CallSpec",
    "CommandAgent",
    "Executor",
    "InProcessAgent",
    "LlmAgent",
    "Outcome",
    "Port",
    "PythonAgent",
    "ScriptedAgent",
    "WorkerPool",
    "complete",
]
