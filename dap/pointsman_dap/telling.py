"""What clients are told of a run, as the protocol has it: where it stopped and why, what was written, how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pointsman.debugger.debugger import Stop
from pointsman.debugger.faults import FAULTS
from pointsman.debugger.moments import Moment
from pointsman.kernel.effects import Ask, Invoke
from pointsman.kernel.events import Decided, OutputWritten, Record, StageEntered
from pointsman.kernel.instructions import Instruction, Program
from pointsman.kernel.state import ROOT, State
from pointsman.language.source import Span
from pointsman.runtime.questions import answer_example, question_name
from pointsman_dap.breakpoints import Breakpoints

Body = dict[str, Any]

EXIT_CODES = {"completed": 0, "failed": 1, "limit": 3, "denied": 4, "": 5, "cancelled": 130}
"""As the command line ends; a run without an outcome waits for somebody."""

WHERE = {
    "enter": "before {stage}",
    "policy before": "before the policies of {stage}",
    "agent": "before the agent of {stage}",
    "tool call": "before a tool call of {stage}",
    "model call": "before a model call of {stage}",
    "ask": "before a person is asked at {stage}",
    "fork": "before the branches of {stage}",
    "set": "before {stage} writes",
    "policy after": "before the policies see the result of {stage}",
    "merge": "before the merge of {stage}",
    "route": "before the route of {stage}",
    "failed": "{stage} failed",
    "end": "at the end after {stage}",
}
START, END = "start of recording", "end of recording"
LABELS = {fault.id: fault.label for fault in FAULTS}


def where(moment: Moment) -> str:
    """A moment in the pipeline's own words."""
    return WHERE[moment.part].format(stage=moment.stage)


def stopped(stop: Stop, thread: int, own: Breakpoints, *, entry: bool) -> Body:
    """A `stopped` event. `entry`: it is where the client asked to begin."""
    here = ("replayed: " if stop.past else "") + where(stop.moment)
    body: Body = {"threadId": thread, "allThreadsStopped": True, "preserveFocusHint": False, "description": here}
    hits = own.own(stop.hits)
    match stop.reason:
        case "entry":
            body |= {"reason": "entry", "text": START}
        case "end":
            body |= {"reason": "step", "text": END}
        case "breakpoint":
            named = any(own.is_named(hit) for hit in hits)
            body["reason"] = "function breakpoint" if named else "breakpoint"
        case "exception":
            at = stop.state.branches.get(stop.moment.branch)
            error = at.error if at else None
            said = error.message if error else LABELS[stop.fault]
            body |= {"reason": "exception", "description": f"{LABELS[stop.fault]}: {here}", "text": said}
        case reason:
            body["reason"] = "entry" if entry else reason
    if hits:
        body["hitBreakpointIds"] = hits
    return body


def question_words(ask: Ask, state: State, questions: Sequence[Ask]) -> str:
    """What to tell the person when nothing moves until somebody answers."""
    name = question_name(ask, questions)
    to = f" ({ask.assignee})" if ask.assignee else ""
    return (
        f"the run waits for an answer at {ask.stage}{to}: {ask.question}\n"
        f"  pointsman answer {state.run_id} {name} '{answer_example(ask)}'\n"
    )


def busy_words(state: State) -> str:
    """What still runs while a pause is waited for, empty when nothing does."""
    agents = [effect for effect in state.pending.values() if isinstance(effect, Invoke)]
    running = [f"agent {effect.agent} of {effect.stage}" for effect in agents]
    if not running:
        asked = any(isinstance(effect, Ask) for effect in state.pending.values())
        return "the run stops when somebody has answered\n" if asked else ""
    return f"{', '.join(running)} is not interrupted: the run stops at the next boundary\n"


def end_words(state: State) -> str:
    """How a run has ended, in a line."""
    run = f"{state.started.pipeline} ({state.run_id})"
    if not state.ended:
        return f"{run} waits for an answer and is put aside until then\n"
    where = f" at {state.error.stage}" if state.error and state.error.stage else ""
    return f"{run}: {state.outcome}{where}" + (f": {state.error.message}\n" if state.error else "\n")


@dataclass(slots=True)
class Feed:
    """What of a live run's events is output: what agents write, with the stage it comes from, and denials."""

    program: Program
    _blocks: dict[str, str] = field(default_factory=lambda: {ROOT: ""})
    _stages: dict[str, Instruction] = field(default_factory=dict)

    def of(self, records: Sequence[Record], state: State) -> Iterator[tuple[str, str, Span | None]]:
        """Category, text and place of each output."""
        for name, at in state.branches.items():
            self._blocks[name] = at.block
        for record in records:
            event = record.event
            match event:
                case StageEntered():
                    code = self.program.blocks.get(self._blocks.get(record.branch, "?"))
                    found = code.stages.get(event.stage) if code else None
                    if found is None:
                        self._stages.pop(record.branch, None)
                    else:
                        self._stages[record.branch] = found
                case OutputWritten():
                    category = "stderr" if event.stream == "stderr" else "stdout"
                    yield category, event.text, self._span(record.branch)
                case Decided(verdict="deny"):
                    why = " ".join(event.sentences) or ", ".join(event.reasons) or "denied"
                    yield "important", f"denied by policy: {why}\n", self._span(record.branch)
                case _:
                    pass

    def _span(self, branch: str) -> Span | None:
        code = self._stages.get(branch)
        return code.stage.name_span if code else None
