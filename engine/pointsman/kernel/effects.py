"""Everything the kernel may ask of the outside; each has a deterministic id, and its answer is an event that names it.

An id is made from branch, stage, visit and position (`main:triage#1`, `main:triage#1/2` for its second call), never
from time or chance, so replay makes the same ones. `key` is the idempotency key: the same for every attempt.
"""

from msgspec import Struct

from pointsman.kernel.events import ErrorInfo, Json


class Effect(Struct, frozen=True, tag_field="effect"):
    """Base: `id` is what the answering event carries in `effect`."""

    id: str


class Invoke(Effect, frozen=True, tag="invoke"):
    """Run an agent. Answered by `AttemptResult`; `timeout_ns` bounds this attempt, 0 is no bound."""

    branch: str
    stage: str
    agent: str
    args: Json
    attempt: int
    key: str
    timeout_ns: int = 0
    visit: int = 1
    request: Json = None


class Call(Effect, frozen=True, tag="call"):
    """Run a tool (`what` tool) or ask a model (`what` llm) for the attempt `parent`. Answered by `AttemptResult`."""

    branch: str
    parent: str
    what: str
    name: str
    args: Json
    attempt: int
    key: str


class Reply(Effect, frozen=True, tag="reply"):
    """Give the attempt `parent` the known answer to its call `id`: refused, or remembered from before a crash."""

    parent: str
    value: Json = None
    error: ErrorInfo | None = None


class Decide(Effect, frozen=True, tag="decide"):
    """Ask the policies at `point`. Answered by `Decided`."""

    branch: str
    stage: str
    point: str
    agent: str
    args: Json
    result: Json = None


class Ask(Effect, frozen=True, tag="ask"):
    """Ask a person. Answered by `Answered`, or by `TimerFired` at `expires_at_ns` (Unix time, 0 is never)."""

    branch: str
    stage: str
    what: str
    question: str
    assignee: str = ""
    expires_at_ns: int = 0
    answer: Json = None
    about: str = "stage"


class Sleep(Effect, frozen=True, tag="sleep"):
    """Wait, then answer with `TimerFired`."""

    branch: str
    delay_ns: int


class Cancel(Effect, frozen=True, tag="cancel"):
    """Stop working on the effect `id`; nobody waits for its answer any more."""


AnyEffect = Invoke | Call | Reply | Decide | Ask | Sleep | Cancel
