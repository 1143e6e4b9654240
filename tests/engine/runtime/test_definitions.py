"""What saving a file makes live: good versions take the place of the older ones, broken ones do not."""

import shutil
import sys
from pathlib import Path

import pytest

from pointsman.errors import RefusedDefinition
from pointsman.runtime.definitions import DefinitionChange, Definitions
from pointsman.runtime.desk import Desk
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options
from pointsman.runtime.workspace import pipelines_below

EXAMPLE = Path(__file__).parents[3] / "examples" / "support_triage"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pointsman.toml").write_text(f'python = "{sys.executable}"\n', "utf-8")
    return tmp_path


@pytest.fixture
def known(folder: Path) -> Definitions:
    definitions = Definitions()
    for path in pipelines_below(folder):
        definitions.know(path)
    return definitions


def save(definitions: Definitions, path: Path, old: str, new: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Edit, save, and what has come of it: the file's name, its state, and what it affects or is wrong with it."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return [(change.path.name, change.state, _rest(change)) for change in definitions.saved([path])]


def _rest(change: DefinitionChange) -> tuple[str, ...]:
    return (change.flaw.message,) if change.flaw else change.affects


def test_each_kind_of_file(folder: Path, known: Definitions) -> None:
    pipeline = folder / "triage.pipeline.yaml"
    assert save(known, pipeline, "iterations: 10", "iterations: 12") == [("triage.pipeline.yaml", "live", ())]
    assert save(known, pipeline, 'question: "Refund?"', 'question: "Sure?"') == [
        ("triage.pipeline.yaml", "live", ("approve",))
    ]
    assert save(known, folder / "prompts/draft.md", "\n", "\n\n") == [("draft.md", "live", ("reply",))]
    assert save(known, folder / "replies.yaml", "\n", "\n\n")[0] == ("replies.yaml", "live", ("reply",))
    assert save(known, folder / "agents/triage.py", "def", "\ndef") == [("triage.py", "live", ("triage",))]
    assert save(known, folder / "agents/kb.py", "def search", "\ndef search") == [("kb.py", "live", ("reply",))]
    assert save(known, folder / "safety.policy.yaml", "\n", "\n\n") == [
        ("safety.policy.yaml", "live", ("support_triage",))
    ]


def test_saved_as_it_was_is_nothing(folder: Path, known: Definitions) -> None:
    for name in ("triage.pipeline.yaml", "prompts/draft.md", "agents/triage.py", "safety.policy.yaml"):
        assert known.saved([folder / name]) == []
    assert known.saved([folder, folder / "nothing.md", folder / "pointsman.toml"]) == []


def test_what_is_broken_stays_out(folder: Path, known: Definitions) -> None:
    pipeline = folder / "triage.pipeline.yaml"
    ((name, state, why),) = save(known, pipeline, "agent: draft", "agent: drafft")
    assert (name, state) == ("triage.pipeline.yaml", "broken")
    assert 'did you mean "draft"?' in why[0]
    loaded, note = known.load(pipeline)
    assert "drafft" not in loaded.definition.text.decode()
    assert "triage.pipeline.yaml is broken (line 45: " in note
    assert save(known, pipeline, "agent: drafft", "agent: draft") == [("triage.pipeline.yaml", "live", ())]
    assert known.load(pipeline)[1] == ""


def test_a_place_says_where(folder: Path, known: Definitions) -> None:
    path = folder / "agents" / "triage.py"
    path.write_text('"""ä"""\n\ndef classify(text:\n', "utf-8")
    (change,) = known.saved([path])
    assert change.flaw is not None
    assert (change.state, change.flaw.line, change.flaw.column) == ("broken", 2, 0)
    assert change.flaw.message.startswith("Python can not read it: ")
    assert list(known.broken) == [path]
    shutil.copy(EXAMPLE / "agents" / "triage.py", path)
    assert [(one.path, one.state) for one in known.saved([path])] == [(path, "live")]
    path.write_text("def classify(text:\n", "utf-8")
    known.saved([path])
    path.unlink()
    assert "gone" in [one.state for one in known.saved([path])]
    assert path not in known.broken


def test_a_pipeline_that_was_never_good_is_refused(folder: Path) -> None:
    path = folder / "triage.pipeline.yaml"
    path.write_text(path.read_text("utf-8").replace("agent: draft", "agent: drafft"), "utf-8")
    definitions = Definitions()
    with pytest.raises(RefusedDefinition):
        definitions.load(path)
    definitions.know(path)
    with pytest.raises(RefusedDefinition):
        definitions.load(path)


def test_a_missing_prompt_breaks_its_pipeline_alone(folder: Path, known: Definitions) -> None:
    (folder / "other.pipeline.yaml").write_text(
        "pipeline: other\nlanguage: 1\nagents:\n  a: {scripted: [1]}\nstages:\n  one: {agent: a}\n", "utf-8"
    )
    known.know(folder / "other.pipeline.yaml")
    (folder / "prompts" / "draft.md").unlink()
    (change,) = known.saved([folder / "prompts" / "draft.md"])
    assert (change.path.name, change.state) == ("triage.pipeline.yaml", "broken")
    assert known.load(folder / "other.pipeline.yaml")[1] == ""
    assert known.load(folder / "triage.pipeline.yaml")[0].program.prompts


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("triage.pipeline.yaml", "pipeline: support_triage\nstages: [\n"),
        ("agents/triage.py", "def classify(text:\n"),
        ("safety.policy.yaml", "policy: safety\n"),
    ],
)
async def test_a_run_that_starts_over_a_broken_file(name: str, text: str, folder: Path, known: Definitions) -> None:
    """It uses the last good version of what is broken: pipeline, code, policy."""
    runs = Registry()
    try:
        (folder / name).write_text(text, "utf-8")
        known.saved([folder / name])
        desk = Desk(runs, known)
        started = await desk.start(folder / "triage.pipeline.yaml", None, {"ticket": "invoice"}, Options(cwd=folder))
        state = await runs.live[started.run].task
        assert (state.outcome, state.error) == ("completed", None)
        assert f"{Path(name).name} is broken (line " in started.note
        assert "so its last good version of" in started.note
        assert state.started.note == started.note
    finally:
        await runs.close()


async def test_a_run_keeps_the_code_it_was_started_with(folder: Path) -> None:
    """Its workers start late and again: what they import is of the run's own start."""
    agents = folder / "agents"
    (agents / "late.py").write_text("from agents.kept import WHO\n\ndef run():\n    return WHO\n", "utf-8")
    (agents / "kept.py").write_text("WHO = 'old'\n", "utf-8")
    path = folder / "late.pipeline.yaml"
    path.write_text(
        "pipeline: late\nlanguage: 1\nagents:\n"
        '  wait: {command: [sh, -c, "until [ -e go ]; do sleep 0.02; done"]}\n'
        '  late: {python: "agents.late:run"}\n'
        "stages:\n  first: {agent: wait}\n  second: {agent: late}\n",
        "utf-8",
    )
    runs = Registry()
    try:
        desk = Desk(runs, Definitions())
        started = await desk.start(path, None, {}, Options(cwd=folder))
        (agents / "kept.py").write_text("WHO = 'new'\n", "utf-8")
        (folder / "go").touch()
        state = await runs.live[started.run].task
        assert state.branches["main"].outputs["second"] == "old"
        again = await desk.start(path, None, {}, Options(cwd=folder))
        state = await runs.live[again.run].task
        assert state.branches["main"].outputs["second"] == "new"
    finally:
        await runs.close()


TWO = """\
pipeline: pa
language: 1
agents: {a: {python: "agents.triage:classify"}}
stages: {one: {agent: a, with: {text: x}}}
---
pipeline: pb
language: 1
agents: {b: {python: "agents.deep:run"}}
stages: {one: {agent: b}}
"""


def told(changes: list[DefinitionChange]) -> list[tuple[str, str]]:
    return sorted((change.path.name, change.state) for change in changes)


def test_a_pipeline_that_is_gone_is_forgotten(folder: Path, known: Definitions) -> None:
    other = folder / "other.pipeline.yaml"
    shutil.copy(folder / "triage.pipeline.yaml", other)
    assert told(known.saved([other])) == [("other.pipeline.yaml", "live")]
    other.rename(folder / "moved.pipeline.yaml")
    assert told(known.saved([other, folder / "moved.pipeline.yaml"])) == [("moved.pipeline.yaml", "live")]
    assert save(known, folder / "agents/triage.py", "def", "\ndef") == [("triage.py", "live", ("triage",))]


def test_what_mends_it_elsewhere_mends_it(folder: Path, known: Definitions) -> None:
    settings, replies = folder / "pointsman.toml", folder / "replies.yaml"
    good, replied = settings.read_text("utf-8"), replies.read_text("utf-8")
    settings.write_text("redact = 3\n", "utf-8")
    (change,) = known.saved([settings])
    assert (change.path, change.state, change.kept) == (settings, "broken", True)
    assert change.flaw is not None
    assert change.flaw.file == settings
    _, note = known.load(folder / "triage.pipeline.yaml")
    assert note.startswith("pointsman.toml is broken (line 1: ")
    settings.write_text(good, "utf-8")
    assert told(known.saved([settings])) == [("pointsman.toml", "live")]
    replies.write_text("- text: 'x\n", "utf-8")
    assert told(known.saved([replies])) == [("triage.pipeline.yaml", "broken")]
    replies.write_text(replied, "utf-8")
    assert ("triage.pipeline.yaml", "live") in told(known.saved([replies]))
    assert known.broken == {}


def test_several_pipelines_in_one_file(folder: Path) -> None:
    """Running one of them does not make the server forget what the other needs."""
    path, deep = folder / "two.pipeline.yaml", folder / "agents" / "deep.py"
    path.write_text(TWO, "utf-8")
    deep.write_text("def run():\n    return 1\n", "utf-8")
    definitions = Definitions()
    definitions.know(path)
    definitions.load(path, "pa")
    assert save(definitions, deep, "return 1", "return 2") == [("deep.py", "live", ("one",))]
    deep.write_text("def run(:\n", "utf-8")
    assert told(definitions.saved([deep])) == [("deep.py", "broken")]
    loaded, note = definitions.load(path, "pb")
    assert b"return 2" in loaded.code[deep]
    assert "deep.py is broken" in note


def test_broken_when_it_was_first_looked_at(folder: Path) -> None:
    """There is nothing to keep; mended, it is learnt, and kept when it breaks again."""
    prompt = folder / "prompts" / "draft.md"
    good = prompt.read_text("utf-8")
    prompt.write_text("${{ nothing.here }}", "utf-8")
    definitions = Definitions()
    (change,) = definitions.know(folder / "triage.pipeline.yaml")
    assert (change.path.name, change.state, change.kept) == ("triage.pipeline.yaml", "broken", False)
    prompt.write_text(good, "utf-8")
    assert ("triage.pipeline.yaml", "live") in told(definitions.saved([prompt]))
    prompt.write_text("${{ nothing.here }}", "utf-8")
    (change,) = definitions.saved([prompt])
    assert (change.state, change.kept) == ("broken", True)
    assert "so its last good version of" in definitions.load(folder / "triage.pipeline.yaml")[1]


def test_a_link_to_nowhere_is_no_pipeline(folder: Path) -> None:
    (folder / ".#a.pipeline.yaml").symlink_to("nobody@host.123:1")
    assert [path.name for path in pipelines_below(folder)] == ["triage.pipeline.yaml"]
