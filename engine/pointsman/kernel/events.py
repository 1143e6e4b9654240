"""Everything that can happen in a run; only these are journaled, and a run is nothing but these in order.

Two families (DESIGN section 3):

- *observed* events are inputs: what the outside did. They can not be recomputed.
- *derived* events are what the machine made of them, one per part boundary. `machine.advance` recomputes each from
  the state before it; replay compares.

An event says everything that folding it needs, so a state can be folded without evaluating one expression. Fields are
JSON values; durations are whole nanoseconds and end in `_ns`; `effect` names the effect an answer belongs to.
A change of shape needs a new `VERSIONS` entry and an upcaster in `journal/codec.py`.
"""

from typing import Any

from msgspec import Struct, field

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with string keys."""


class ErrorInfo(Struct, frozen=True, omit_defaults=True, rename={"klass": "class"}):
    """Why something failed, as data. `klass` is what `retry.on` and routes match on.

    Classes: `agent` (the agent's own doing), `transient`, `timeout`, `contract`, `policy`, `limit`, `expression`,
    `interrupt`, `route`, `lost` (its process died), `internal`.
    """

    klass: str
    code: str
    message: str
    stage: str = ""
    attempt: int = 0
    traceback: str = ""


class Usage(Struct, frozen=True, omit_defaults=True):
    """What a model call cost: tokens, and US dollars as a float."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


class Pin(Struct, frozen=True):
    """A text this run was started with. `kind`: pipeline, policy, prompt, script, code, workspace."""

    kind: str
    path: str
    hash: str


class Rerun(Struct, frozen=True, omit_defaults=True):
    """That a run goes on where another stood: what has not changed since `run` is re-used, up to stage `start_at`."""

    run: str
    start_at: str = ""


class PolicyStamp(Struct, frozen=True, omit_defaults=True):
    """Which policy answered, in which version: `hash` is the text's digest, `error` why it could not be read."""

    policy: str
    version: int
    hash: str
    error: str = ""


class Operand(Struct, frozen=True, omit_defaults=True):
    """One leaf of a condition with the value it had; `error` instead when it could not be evaluated."""

    text: str
    value: Json = None
    error: str = ""


class Candidate(Struct, frozen=True, omit_defaults=True):
    """One route as it was weighed. `value` is None when an earlier one had matched already."""

    to: str
    when: str = ""
    value: bool | None = None
    operands: tuple[Operand, ...] = ()


class Event(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Base of all events; the tag is the `kind` column of the journal."""


# --- observed -------------------------------------------------------------------------------------------------------


class RunStarted(Event, frozen=True, tag="run.started"):
    """The first event. `env` holds the allow-listed variables captured now, `principal` who started it, `cwd` where.

    `policies` are the paths of the policy files that watch the run; `pins` are the texts it was started with. `rerun`
    says that it re-uses the results of another run, `note` what a person should know of how it was started.
    """

    pipeline: str
    path: str
    definition: str
    input: Json
    started_at_ns: int
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)
    pins: tuple[Pin, ...] = ()
    principal: dict[str, Json] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    rerun: Rerun | None = None
    note: str = ""


class RunHosted(Event, frozen=True, tag="run.hosted"):
    """A host took the run after its first one: every effect in flight is lost and asked for again.

    `changed` are the agents' files that are not what they were when the run started.
    """

    host: str
    fence: int
    changed: tuple[str, ...] = ()


class RunCancelled(Event, frozen=True, tag="run.cancelled"):
    """Somebody asked for the run to end."""

    by: str


class AttemptStarted(Event, frozen=True, tag="attempt.started"):
    """From here on the effect may have touched the world. `where` names the worker or process."""

    effect: str
    attempt: int
    where: str = ""


class AttemptResult(Event, frozen=True, tag="attempt.result"):
    """The answer to an `Invoke` or a `Call`: a value, or an error. `reused` is the run whose result it is: then
    nothing was called."""

    effect: str
    attempt: int
    value: Json = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    reused: str = ""


class CallRequested(Event, frozen=True, tag="call.requested"):
    """An agent asks for something from inside its attempt. `call` is the effect id the answer will carry."""

    effect: str
    call: str
    what: str
    name: str
    args: Json = None


class Progressed(Event, frozen=True, tag="progress"):
    """What an agent said about how far it is; changes nothing."""

    effect: str
    message: str = ""
    fraction: float | None = None


class OutputWritten(Event, frozen=True, tag="output"):
    """What an agent printed. `stream` is stdout or stderr; changes nothing."""

    effect: str
    stream: str
    text: str


class Decided(Event, frozen=True, tag="decided"):
    """A policy's answer. `verdict`: allow, flag or deny; `reasons` are sorted and unique, `sentences` say them."""

    effect: str
    verdict: str
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    policies: tuple[PolicyStamp, ...] = ()
    sentences: tuple[str, ...] = ()


class Answered(Event, frozen=True, tag="answered"):
    """A person's answer to an `Ask`, already checked against what was asked; `reused` as in `AttemptResult`."""

    effect: str
    value: Json
    by: str = ""
    reused: str = ""


class Edited(Event, frozen=True, tag="edited"):
    """A person changed what a branch sees, while the run was held: `path` leads there, by names and indexes, from
    `args`, `result`, `outputs` or `state`. `request` and `key` are what follows from changed arguments.
    """

    stage: str
    path: tuple[str | int, ...]
    value: Json
    by: str = ""
    request: Json = None
    key: str = ""


class TimerFired(Event, frozen=True, tag="timer.fired"):
    """A `Sleep` is over, a question has expired, or the wall budget is spent (`effect` is `budget.wall`)."""

    effect: str


# --- derived --------------------------------------------------------------------------------------------------------


class StageEntered(Event, frozen=True, tag="stage.entered"):
    """A branch stands at a stage and its arguments are resolved. `key` is the idempotency key of all its attempts.

    `request` holds what else was rendered for it: a command's `argv` and `stdin`, a model's `prompt`, a question.
    """

    stage: str
    visit: int
    effect: str
    args: Json = None
    request: Json = None
    key: str = ""


class StageSkipped(Event, frozen=True, tag="stage.skipped"):
    """The stage's `when` was false; the branch goes on at `to`, and the stage has no output."""

    stage: str
    to: str
    operands: tuple[Operand, ...] = ()


class AttemptRetried(Event, frozen=True, tag="attempt.retried"):
    """The attempt failed in a retryable way; the next one comes after `delay_ns`."""

    effect: str
    attempt: int
    delay_ns: int
    error: ErrorInfo


class CallAdmitted(Event, frozen=True, tag="call.admitted"):
    """A requested call may go out."""

    effect: str
    call: str


class CallRefused(Event, frozen=True, tag="call.refused"):
    """A requested call may not; the agent gets the error and may go on."""

    effect: str
    call: str
    error: ErrorInfo


class ResultChecked(Event, frozen=True, tag="result.checked"):
    """The result keeps its contract; the policies are asked next."""

    effect: str


class StateSet(Event, frozen=True, tag="state.set"):
    """Values written to keys of the state, before merging; `merged` has those whose merge is an expression, after."""

    stage: str
    writes: dict[str, Json]
    merged: dict[str, Json] = field(default_factory=dict)


class Asked(Event, frozen=True, tag="asked"):
    """A question to a person. `about` is stage or in_doubt; `expires_ns` counts from this event, 0 is never."""

    effect: str
    stage: str
    what: str
    question: str
    assignee: str = ""
    expires_ns: int = 0
    answer: Json = None
    about: str = "stage"


class StageFailed(Event, frozen=True, tag="stage.failed"):
    """All attempts are spent, or there is no point in one; `on_error` is next."""

    stage: str
    error: ErrorInfo


class Forked(Event, frozen=True, tag="forked"):
    """A fork opened its branches, in declared order: branch name to branch id."""

    stage: str
    branches: dict[str, str]


class Merged(Event, frozen=True, tag="merged"):
    """A join is complete: the outputs by branch name. The branches' writes are applied in declared order; `merged` has
    the keys whose merge is an expression, after all of them."""

    stage: str
    result: Json
    merged: dict[str, Json] = field(default_factory=dict)


class StageRouted(Event, frozen=True, tag="stage.routed"):
    """Where the branch goes next. `why`: route, next, below, on_error; `route` is the index of the one taken."""

    stage: str
    to: str
    why: str
    route: int | None = None
    label: str = ""
    back: bool = False
    candidates: tuple[Candidate, ...] = ()


class BranchEnded(Event, frozen=True, tag="branch.ended"):
    """A branch of a fork is over. `outcome`: completed, skipped, failed, cancelled."""

    outcome: str
    output: Json = None
    error: ErrorInfo | None = None


class LimitReached(Event, frozen=True, tag="limit.reached"):
    """A limit or budget would be passed by the next thing; the run ends for this reason."""

    limit: str
    allowed: float
    used: float
    stage: str = ""


class RunEnded(Event, frozen=True, tag="run.ended"):
    """The last event. `outcome`: completed, failed, limit, denied, cancelled."""

    outcome: str
    output: Json = None
    error: ErrorInfo | None = None


Observed = (
    RunStarted
    | RunHosted
    | RunCancelled
    | AttemptStarted
    | AttemptResult
    | CallRequested
    | Progressed
    | OutputWritten
    | Decided
    | Answered
    | Edited
    | TimerFired
)
Derived = (
    StageEntered
    | StageSkipped
    | AttemptRetried
    | CallAdmitted
    | CallRefused
    | ResultChecked
    | StateSet
    | Asked
    | StageFailed
    | Forked
    | Merged
    | StageRouted
    | BranchEnded
    | LimitReached
    | RunEnded
)
AnyEvent = Observed | Derived

DERIVED: tuple[type[Event], ...] = Derived.__args__
"""What `machine.advance` can recompute."""

VERSIONS: dict[str, int] = {}
"""Kinds whose payload has changed shape since version 1, and the version written now."""

SEMANTICS = 1
"""The version of `machine.step` and `machine.advance`; under another one replay folds only, and says so."""


class Record(Struct, frozen=True):
    """An event in its place: `seq` counts from 1 in a run, `at_ns` is Unix time, `branch` is the branch's id."""

    seq: int
    branch: str
    at_ns: int
    event: Event
