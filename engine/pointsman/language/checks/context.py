"""What a check may look at: one piece of a text, and an environment that answers questions about all the rest.

The environment notes what it was asked. So what a check found stays true for as long as the piece is the same and the
same questions have the same answers: a keystroke in one stage leaves the findings of all others alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from pointsman.language import model
from pointsman.language.contents import Content, by_name
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.facts import AgentFacts, InputFacts, StageFacts, agent_facts, everyone, input_facts
from pointsman.language.modules import Sought, import_roots, parts, seek
from pointsman.language.paths import normal
from pointsman.language.python_facts import Function
from pointsman.language.source import Source, Span
from pointsman.language.units import Sheet

Findings = Iterator[Diagnostic]

_MOST_AGE = 100
_SERIALS = count(1)


@dataclass(frozen=True)
class Files:
    """The texts around a file, by the paths that `wanted` asked for; None was looked for and is not there.

    `top_level`: the modules the user's interpreter can import besides those under the roots; None is not known.
    """

    texts: Mapping[str, bytes | None] = field(default_factory=dict)
    top_level: frozenset[str] | None = None


@dataclass(frozen=True)
class Context:
    """A file in its surroundings, for whoever asks about the Python or the texts around it."""

    source: Source
    files: Files
    workspace: model.Workspace


@dataclass(frozen=True)
class Facts:
    """All that an environment answers from. Equal facts give equal answers; no place in the text is among them."""

    path: str
    workspace: model.Workspace
    files: Files
    stages: tuple[StageFacts, ...]
    agents: tuple[AgentFacts, ...]
    tools: tuple[str, ...]
    state: tuple[str, ...]
    input: InputFacts | None
    reasons: tuple[str, ...] | None
    unread: frozenset[str]
    """Keys of the document that are written and could not be read."""


def facts_of(sheet: Sheet, path: str, workspace: model.Workspace, files: Files) -> Facts:
    """The facts of a document and what is around it."""
    found = sheet.found

    def readable(key: str) -> bool:
        return key in found.values

    def contents(key: str) -> Iterable[Content]:
        return (one.unit.content for one in sheet.with_key(key)) if readable(key) else ()

    reasons = [item.name.name for item in found.get("reasons", ())]
    return Facts(
        path=path,
        workspace=workspace,
        files=files,
        stages=tuple([one for of in contents("stages") for one in of.facts]),
        agents=tuple([agent_facts(one) for of in contents("agents") for one in of.agents]),
        tools=tuple([one.name for of in contents("tools") for one in of.tools]),
        state=tuple([key.name for of in contents("state") for key, _ in of.state]),
        input=input_facts(found.get("input")),
        reasons=tuple(reasons) if readable("reasons") or "reasons" not in found.entries else None,
        unread=frozenset(key for key in found.entries if not readable(key)),
    )


class Environment:
    """Answers about everything around a piece. `asked` holds what was asked since somebody emptied it.

    Made after the one `before` it, it knows which of the questions that one was asked have other answers now.
    """

    def __init__(self, facts: Facts, before: "Environment | None" = None) -> None:
        self.facts = facts
        self.asked: dict[tuple[str, str], Any] = {}
        self._answers: dict[tuple[str, str], Any] = {}
        self._stages = {one.name: one for one in facts.stages}
        self._everyone = by_name(everyone(facts.stages))
        # A pipeline's own agents and tools come before those of the workspace.
        self._agents = {one.name: one for one in (*map(agent_facts, facts.workspace.agents), *facts.agents)}
        self._tools = dict.fromkeys((*(tool.name for tool in facts.workspace.tools), *facts.tools))
        self._roots = import_roots(facts.path, facts.workspace)
        self._serial = next(_SERIALS)
        # Now and then nothing is taken over: questions that nobody asks any more are forgotten so.
        self._age: int = before._age + 1 if before is not None and before._age < _MOST_AGE else 0
        self._after = before._serial if before is not None and self._age else 0
        told = before._answers if before is not None and self._age else {}
        self._others = [question for question, answer in told.items() if self._answer(question) != answer]

    def holds(self, asked: dict[tuple[str, str], Any], then: "Environment | None" = None) -> bool:
        """Whether all these questions would have the same answers; `then` is where they had them last."""
        if then is not None and then._serial == self._after:
            # All that was asked there has been asked here, once and not for each piece.
            return not any(question in asked for question in self._others)
        return all(self._answer(question) == answer for question, answer in asked.items())

    def stage(self, name: str) -> StageFacts | None:
        """A stage of the pipeline's own block."""
        found: StageFacts | None = self._ask("stage", name)
        return found

    def stage_names(self) -> tuple[str, ...]:
        """The stages of the pipeline's own block."""
        names: tuple[str, ...] = self._ask("stage_names")
        return names

    def anywhere(self, name: str) -> tuple[StageFacts, ...]:
        """The stages of this name in all blocks."""
        found: tuple[StageFacts, ...] = self._ask("anywhere", name)
        return found

    def all_names(self) -> tuple[str, ...]:
        """The names of the stages of all blocks."""
        names: tuple[str, ...] = self._ask("all_names")
        return names

    def given(self, agent: str) -> frozenset[str] | None:
        """All arguments that stages give an agent; None when no stage uses it, or they are not certain."""
        names: frozenset[str] | None = self._ask("given", agent)
        return names

    def has_agent(self, name: str) -> bool:
        """Whether the pipeline or the workspace has this agent; so may a list of agents that could not be read."""
        return bool(self._ask("has_agent", name))

    def agent_names(self) -> tuple[str, ...]:
        """The agents of the pipeline and the workspace."""
        names: tuple[str, ...] = self._ask("agent_names")
        return names

    def has_tool(self, name: str) -> bool:
        """Whether the pipeline or the workspace has this tool; so may a list of tools that could not be read."""
        return bool(self._ask("has_tool", name))

    def tool_names(self) -> tuple[str, ...]:
        """The tools of the pipeline and the workspace."""
        names: tuple[str, ...] = self._ask("tool_names")
        return names

    def has_state(self, name: str) -> bool:
        """Whether the run's state has this key; so may a `state` that could not be read."""
        return bool(self._ask("has_state", name))

    def state_names(self) -> tuple[str, ...]:
        """The keys of the run's state."""
        names: tuple[str, ...] = self._ask("state_names")
        return names

    def input(self) -> InputFacts | None:
        """What is known of the input's fields."""
        found: InputFacts | None = self._ask("input")
        return found

    def reasons(self) -> tuple[str, ...] | None:
        """The reasons of a policy; None when they could not be read."""
        found: tuple[str, ...] | None = self._ask("reasons")
        return found

    def function(self, agent: str) -> Function | None:
        """The Python function behind an agent, when its parameters are certain."""
        found: Function | None = self._ask("function", agent)
        return found

    def module(self, name: str) -> Sought:
        """A Python module, looked for among the files."""
        found: Sought = self._ask("module", name)
        return found

    def text(self, path: str) -> bytes | None:
        """The text of a file; None when it is not there, or nobody has looked."""
        found: bytes | None = self._ask("text", normal(path))
        return found

    def missing(self, path: str) -> bool:
        """Whether a file was looked for and is not there; one nobody has looked for may be."""
        return bool(self._ask("missing", normal(path)))

    def _ask(self, what: str, about: str = "") -> Any:
        question = (what, about)
        answer = self.asked[question] = self._answer(question)
        return answer

    def _answer(self, question: tuple[str, str]) -> Any:
        if question not in self._answers:
            self._answers[question] = self._made(*question)
        return self._answers[question]

    def _made(self, what: str, about: str) -> Any:
        match what:
            case "stage":
                return self._stages.get(about)
            case "stage_names":
                return tuple(self._stages)
            case "anywhere":
                return tuple(self._everyone.get(about, ()))
            case "all_names":
                return tuple(self._everyone)
            case "given":
                return _given(about, self._everyone.values())
            case "has_agent":
                return about in self._agents or "agents" in self.facts.unread
            case "agent_names":
                return tuple(self._agents)
            case "has_tool":
                return about in self._tools or "tools" in self.facts.unread
            case "tool_names":
                return tuple(self._tools)
            case "has_state":
                return about in self.facts.state or "state" in self.facts.unread
            case "state_names":
                return self.facts.state
            case "input":
                return self.facts.input
            case "reasons":
                return self.facts.reasons
            case "function":
                return self._function(about)
            case "module":
                return seek(self.facts.files.texts, self.facts.files.top_level, about, self._roots)
            case "text":
                return self.facts.files.texts.get(about)
            case "missing":
                return self.facts.files.texts.get(about, b"") is None
            case _:
                raise AssertionError(f"nobody answers {what}")

    def _function(self, agent: str) -> Function | None:
        facts = self._agents.get(agent)
        split = parts(facts.python) if facts and facts.python is not None else None
        if split is None:
            return None
        sought: Sought = self._answer(("module", split[0]))
        return sought.module.names.get(split[1]) if sought.module else None


@dataclass(frozen=True, slots=True)
class Whole:
    """A document as a whole. `damaged` are the places of all errors found before the checks."""

    sheet: Sheet
    env: Environment
    damaged: tuple[Span, ...]

    def sound(self, span: Span) -> bool:
        """Whether nothing inside of a range was refused."""
        return not any(span.start <= one.start <= span.end for one in self.damaged)

    def names_of(self, key: str) -> Iterator[tuple[str, Span]]:
        """What is defined under `agents` or `tools`, with the places of the names."""
        for one in self.sheet.with_key(key):
            for item in one.unit.values.get(key, ()):
                yield item.name.name, Span(item.name.span.start + one.by, item.name.span.end + one.by)

    def stage_spans(self) -> dict[str, Span]:
        """Where the names of the stages of the pipeline's own block stand."""
        return {
            stage.name: Span(stage.name_span.start + one.by, stage.name_span.end + one.by)
            for one in self.sheet.with_key("stages")
            for stage in one.unit.content.stages
        }


def _given(agent: str, stages: Iterable[list[StageFacts]]) -> frozenset[str] | None:
    names: set[str] = set()
    using = [one for same in stages for one in same if one.agent == agent]
    for one in using:
        if one.given is None:
            return None
        names |= one.given
    return frozenset(names) if using else None
