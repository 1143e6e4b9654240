"""Going on where a run stood: what is called anew after which change, counted by the agents themselves."""

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pointsman.errors import Misuse
from pointsman.journal.replay import replay
from pointsman.kernel.state import State
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.desk import Desk
from pointsman.runtime.journals import open_journal
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options
from pointsman.runtime.workspace import find_place

PIPELINE = """\
pipeline: p
language: 1
input: {type: object, properties: {n: {type: integer, default: 1}}}
state: {seen: {type: integer, default: 0}}
agents:
  a: {python: "agents.a:run"}
  l: {python: "agents.l:run"}
  r: {python: "agents.r:run"}
  z: {python: "agents.z:run", tools: [t]}
tools:
  t: {python: "agents.t:run"}
stages:
  first: {agent: a, with: {n: "${{ input.n }}"}}
  keep: {set: {seen: "${{ outputs.first }}"}}
  both:
    fork:
      left: {agent: l, with: {n: "${{ state.seen }}"}}
      right:
        stages:
          go: {agent: r, with: {n: "${{ state.seen }}"}}
  sure:
    ask: {kind: confirmation, question: "Go on after ${{ outputs.first }}?"}
    routes: [{when: result.approved, to: last}, {to: fail}]
  last:
    agent: z
    with: {n: "${{ outputs.both.left }}"}
    result: {type: integer, maximum: 5}
    next: end
"""

AGENT = """\
import pathlib

def run(n):
    with open(pathlib.Path(__file__).parent.parent / "calls", "a") as file:
        file.write("{name} ")
    return n
"""


@dataclass(frozen=True)
class Case:
    """Edits as `file: (old, new)`; who is called anew, in the order of names; what the new run's note says."""

    edits: dict[str, tuple[str, str]]
    anew: str
    note: str
    outcome: str = "completed"
    before: dict[str, tuple[str, str]] = field(default_factory=dict)
    start_at: str = ""
    asked: bool = False


FAILS = {"agents/z.py": ("    return n", "    raise RuntimeError('no')")}
TOO_MUCH = {"agents/z.py": ("    return n", "    return 9")}

CASES = {
    "nothing has changed": Case({}, "", "nothing it had done has changed"),
    "a comment": Case({"p.pipeline.yaml": ("stages:", "# more\nstages:")}, "", "nothing it had done has changed"),
    "a comment in Python": Case({"agents/z.py": ("    with", "    #\n    with")}, "z", "last: agents/z.py has changed"),
    "what an agent imports": Case({"agents/deep.py": ("1", "2")}, "z", "last: agents/deep.py has changed"),
    "the first agent": Case({"agents/a.py": ("return n", "return n + 0")}, "a l r z", "first: agents/a.py", asked=True),
    "one branch": Case({"agents/l.py": ("return n", "return n + 0")}, "l z", "both.left: agents/l.py", asked=True),
    "a stage in a branch": Case({"agents/r.py": ("return", "return 0 +")}, "r z", "both.right.go", asked=True),
    "arguments": Case({"p.pipeline.yaml": ("outputs.both.left", "outputs.first")}, "z", "last: its `with`"),
    "a tool": Case({"agents/t.py": ("import", "# more\nimport")}, "z", "last: agents/t.py"),
    "a route": Case({"p.pipeline.yaml": ("to: fail", "to: end")}, "", "nothing it had done has changed"),
    "a question": Case({"p.pipeline.yaml": ("Go on", "Really go on")}, "z", "sure: its `ask`", asked=True),
    "a value that is set": Case({"p.pipeline.yaml": ("outputs.first }}\"}}\n  b", "outputs.first + 1 }}\"}}\n  b")},
                                "l r z", "keep: its `set`", asked=True),
    "an agent that failed": Case({"agents/z.py": ("raise RuntimeError('no')", "return n")}, "z", "last", before=FAILS),
    "it failed and nothing changed": Case({}, "z", "where it stood", outcome="failed", before=FAILS),
    "a contract that was too strict": Case(
        {"p.pipeline.yaml": ("maximum: 5", "maximum: 9")}, "", "last: its contract has changed", before=TOO_MUCH
    ),
    "a contract that is stricter now": Case(
        {"p.pipeline.yaml": ("maximum: 5", "maximum: 0")}, "", "nothing", outcome="failed"
    ),
    "from a stage on": Case({}, "l r z", "does both anew, as asked for", start_at="both", asked=True),
    "from a stage in a branch": Case({}, "r z", "does go anew, as asked for", start_at="go", asked=True),
    "from a value that is set": Case({}, "l r z", "does keep anew", start_at="keep", asked=True),
    "from a stage in a branch that is over by then": Case(
        {}, "z", "does mark anew", start_at="mark", asked=True,
        before={"p.pipeline.yaml": ('seen }}"}}\n  sure', 'seen }}"}}\n          mark: {set: {seen: 3}}\n  sure')},
    ),
    "from a stage that is skipped": Case(
        {}, "z", "does skipped anew", start_at="skipped", asked=True,
        before={"p.pipeline.yaml": ("  sure:", '  skipped: {when: "false", set: {seen: 1}}\n  sure:')},
    ),
    "a new first stage": Case(
        {"p.pipeline.yaml": ("stages:\n", "stages:\n  zero: {agent: a, with: {n: 1}}\n")}, "a a l r z",
        "changed since: zero (it is new)", asked=True,
    ),
    "a stage that is no more": Case(
        {"p.pipeline.yaml": ("  gone: {set: {seen: 0}}\n", "")}, "", "nothing it had done has changed",
        before={"p.pipeline.yaml": ("  sure:", "  gone: {set: {seen: 0}}\n  sure:")},
    ),
    "the agent's name": Case({"p.pipeline.yaml": ("agent: z", "agent: y"), "more": ("", "")}, "z", "its agent is y"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pointsman.toml").write_text(f'python = "{sys.executable}"\n', "utf-8")
    (tmp_path / "p.pipeline.yaml").write_text(PIPELINE, "utf-8")
    (tmp_path / "agents").mkdir()
    for name in "alrzt":
        extra = "from . import deep\n" if name == "z" else ""
        (tmp_path / "agents" / f"{name}.py").write_text(extra + AGENT.replace("{name}", name), "utf-8")
    (tmp_path / "agents" / "deep.py").write_text("N = 1\n", "utf-8")
    return tmp_path


def edit(folder: Path, edits: dict[str, tuple[str, str]]) -> None:
    for name, (old, new) in edits.items():
        if name == "more":  # the other name must be an agent too
            old, new, name = "tools:\n  t", '  y: {python: "agents.z:run"}\ntools:\n  t', "p.pipeline.yaml"
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text, (name, old)
        path.write_text(text.replace(old, new, 1), "utf-8")


def calls(folder: Path) -> str:
    path = folder / "calls"
    said = " ".join(sorted(path.read_text("utf-8").split())) if path.exists() else ""
    path.unlink(missing_ok=True)
    return said


async def ended(runs: Registry, run: str) -> State:
    return await runs.live[run].task


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_what_is_called_anew(case: Case, folder: Path) -> None:
    runs = Registry()
    desk = Desk(runs, Definitions())
    options = Options(cwd=folder, answers={"sure": {"approved": True}})
    try:
        edit(folder, case.before)
        first = await desk.start(folder / "p.pipeline.yaml", None, {"n": 3}, options)
        old = await ended(runs, first.run)
        calls(folder)
        edit(folder, case.edits)
        again = Options(cwd=folder, answers={"sure": {"approved": True}} if case.asked else {})
        second = await desk.rerun(folder, first.run, again, case.start_at)
        new = await ended(runs, second.run)
        assert (new.outcome, calls(folder)) == (case.outcome, case.anew)
        assert case.note in second.note
        assert new.started.rerun is not None
        assert new.started.rerun.run == old.run_id
        assert new.started.note == second.note
        view = await desk.run(folder, second.run)
        assert view.rerun_of == first.run
        if not case.anew and case.outcome == "completed":
            assert [line.stage for line in view.stages if line.reused] == ["first", "left", "go", "sure", "last"]
            assert (view.tokens, view.cost) == (0, 0.0)
        store = open_journal(find_place(folder))
        assert replay(store, second.run).agrees
        store.close()
    finally:
        await runs.close()


async def test_an_edited_result_is_not_taken(folder: Path) -> None:
    """A person has changed it by hand: what would the call give? It is called again."""
    from pointsman.kernel.events import AttemptResult, Edited, Record, StageEntered
    from pointsman.runtime.reuse import read_kept

    entered = StageEntered("first", 1, "main:first#1", {"n": 1})
    result = AttemptResult("main:first#1", 1, 1)
    past = [Record(2, "main", 0, entered), Record(3, "main", 0, result)]
    assert not read_kept(past)["main:first#1"].spoiled
    assert read_kept([*past, Record(4, "main", 0, Edited("first", ("result",), 2))])["main:first#1"].spoiled


async def test_a_rerun_whose_host_dies_goes_on_reusing(folder: Path) -> None:
    """It parks at the question it asks anew; another host resumes it, and still nothing is called for what is known."""
    runs = Registry()
    desk = Desk(runs, Definitions())
    try:
        answers = Options(cwd=folder, answers={"sure": {"approved": True}})
        first = await desk.start(folder / "p.pipeline.yaml", None, {}, answers)
        await ended(runs, first.run)
        edit(folder, {"p.pipeline.yaml": ("Go on", "Really go on")})
        calls(folder)
        second = await desk.rerun(folder, first.run, Options(cwd=folder))
        await ended(runs, second.run)
        assert (await desk.run(folder, second.run)).status == "waiting"
        await desk.answer(folder, second.run, "sure", {"approved": True}, "me", Options(cwd=folder))
        assert (await ended(runs, second.run)).outcome == "completed"
        assert calls(folder) == "z"
    finally:
        await runs.close()


async def test_a_stage_that_is_not_there(folder: Path) -> None:
    runs = Registry()
    desk = Desk(runs, Definitions())
    try:
        first = await desk.start(folder / "p.pipeline.yaml", None, {}, Options(cwd=folder))
        await ended(runs, first.run)
        with pytest.raises(Misuse, match="there is no stage frist; did you mean"):
            await desk.rerun(folder, first.run, Options(cwd=folder), "frist")
    finally:
        await runs.close()


async def test_what_is_told_of_live_runs(folder: Path) -> None:
    """The last word about a run says how it ended; nobody is told of runs they have stopped listening to."""
    runs = Registry()
    desk = Desk(runs, Definitions())
    told: list[tuple[str, bool]] = []
    news = asyncio.Event()

    def hear(views: object) -> None:
        told.extend((view.status, view.live) for view in views)  # type: ignore[attr-defined]  # RunView
        news.set()

    leave = desk.watch(hear)
    try:
        await desk.start(
            folder / "p.pipeline.yaml", None, {}, Options(cwd=folder, answers={"sure": {"approved": True}})
        )
        while not told or told[-1][1]:
            news.clear()
            await asyncio.wait_for(news.wait(), 30)
        assert told[-1] == ("completed", False)
        leave()
    finally:
        await runs.close()


async def test_runs_of_other_processes_are_told_of_too(folder: Path) -> None:
    """Another process writes to the journal; whoever watches hears of it, and of nothing that was there before."""
    other, runs = Registry(), Registry()
    elsewhere = Desk(other, Definitions())
    options = Options(cwd=folder, answers={"sure": {"approved": True}})
    try:
        before = await elsewhere.start(folder / "p.pipeline.yaml", None, {}, options)
        await ended(other, before.run)
        desk = Desk(runs, Definitions(), folder)
        told: list[str] = []
        leave = desk.watch(lambda views: told.extend(f"{view.run} {view.status}" for view in views))
        async with asyncio.timeout(30):
            while not any(one.endswith(" completed") for one in told):  # the first may be there before it has looked
                await ended(other, (await elsewhere.start(folder / "p.pipeline.yaml", None, {}, options)).run)
        assert not any(before.run in one for one in told)
        leave()
    finally:
        await other.close()
        await runs.close()
