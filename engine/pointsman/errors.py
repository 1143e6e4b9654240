"""The exception tree of the engine: everything it raises on purpose.

    PointsmanError                  has a stable `code`, a sentence, and a `hint` that says what to do
    ├── Misuse                      you are wrong: the call, the file, the arguments (exit code 2)
    │   └── RefusedDefinition       a pipeline or policy with errors; carries its diagnostics
    └── Refusal                     the world is: the request was fine, and can not be met
        ├── JournalError            the journal is locked, full, damaged or newer than this program
        │   └── Fenced              another host took this run over; whatever we wanted to write is stale
        └── RunUnavailable          no such run, or it is hosted, ended, or not waiting for this

Failures of agents are not exceptions here: they are values (`kernel.events.ErrorInfo`), journaled like any result.
"""

from collections.abc import Sequence


class PointsmanError(Exception):
    """Base of all. `code` is stable and documented, `hint` is one imperative sentence or empty."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]" + (f"\n  {self.hint}" if self.hint else "")


class Misuse(PointsmanError):
    """You are wrong: an argument, a file or a call that can not be meant."""


class RefusedDefinition(Misuse):
    """A definition with errors is not run. `diagnostics` are those `pointsman check` prints (DESIGN law 7)."""

    def __init__(self, path: str, diagnostics: Sequence[object]) -> None:
        super().__init__("refused", f"{path} has errors and is not run", f"See: pointsman check {path}")
        self.path = path
        self.diagnostics = tuple(diagnostics)


class Refusal(PointsmanError):
    """The world is in the way: the request was fine and can not be met now."""


class JournalError(Refusal):
    """The journal is locked, full, damaged or written by a newer version."""


class Fenced(JournalError):
    """Another host holds this run's lease; nothing was written."""


class RunUnavailable(Refusal):
    """The run does not exist, or is not in the state this request needs."""
