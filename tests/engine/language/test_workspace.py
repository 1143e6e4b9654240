"""`pointsman.toml`: its values, and where in the text its findings are."""

from pathlib import Path

import pytest

from marked import annotated
from pointsman.language.analysis import analyse
from pointsman.language.model import CommandTarget, Items, LlmTarget, PythonTarget, Workspace
from pointsman.language.source import Source
from pointsman.language.workspace import read_workspace

CLEAN = Path(__file__).parents[2] / "data" / "clean" / "pointsman.toml"


def shown(text: str) -> str:
    return annotated(text, analyse(Source.of("pointsman.toml", text)))


def test_everything_is_read() -> None:
    found, diagnostics = read_workspace(Source("pointsman.toml", CLEAN.read_bytes()))
    assert diagnostics == ()
    assert (found.python, found.env, found.durability, found.roots) == (
        ".venv/bin/python",
        ("REGION", "STAGE"),
        "full",
        ("src",),
    )
    assert [policy.name for policy in found.policies] == ["report_guard.policy.yaml"]
    assert found.redact == (("pattern", "sk-[A-Za-z0-9]+"),)
    assert found.lists == (("blocked", ["a.example", "b.example"]),)
    search, lint = found.agents
    assert (search.name, search.risk) == ("search", "read_only")
    assert isinstance(search.target, PythonTarget)
    assert isinstance(lint.target, CommandTarget)
    assert isinstance(lint.target.argv, Items)
    assert lint.target.memory == 256 << 20
    assert [tool.name for tool in found.tools] == ["fetch"]


def test_spans_point_at_the_text() -> None:
    source = Source("pointsman.toml", CLEAN.read_bytes())
    found, _ = read_workspace(source)
    target = found.agents[0].target
    assert isinstance(target, PythonTarget)
    assert source.text(target.span) == '"agents.kb:search"'
    assert source.text(found.policies[0].span) == '"report_guard.policy.yaml"'


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_file_has_the_defaults(text: str) -> None:
    assert read_workspace(Source.of("pointsman.toml", text)) == (Workspace(), ())


@pytest.mark.parametrize(
    "data",
    [
        b"x = ",
        b"\xff",
        b"a = 1\na = 2\n",
        b"[" * 3000,
        b"[" + b".".join([b"a"] * 900) + b"]",
        b"lists.x = " + b"[" * 300 + b"]" * 300,
        b"x = 1979-05-27",
        b"x=" + b"9" * 5000,
    ],
)
def test_a_broken_file_has_the_defaults_and_a_finding(data: bytes) -> None:
    found, diagnostics = read_workspace(Source("pointsman.toml", data))
    assert found == Workspace()
    assert len(diagnostics) == 1


def test_findings_stand_at_their_keys_and_values() -> None:
    text = """\
pyton = "python3"
durability = "fulll"
env = "HOME"

[agents.lint]
command = ["ruff"]
parse = "yaml"
limits = { wall = 0, mem = "1GiB" }

[agents."my agent"]
python = "a:b"
"""
    assert (
        shown(text)
        == """\
pyton = "python3"
^^^^^ error[unknown_key] the workspace file has no key `pyton`; did you mean "python"? (fix: python)
durability = "fulll"
             ^^^^^^^ error[invalid_value] `durability` is the text "fulll"; expected normal or full (fix: "full")
env = "HOME"
      ^^^^^^ error[wrong_type] `env` is the text "HOME"; expected a list (fix: ["HOME"])

[agents.lint]
command = ["ruff"]
parse = "yaml"
        ^^^^^^ error[invalid_value] `parse` is the text "yaml"; expected json, lines or text
limits = { wall = 0, mem = "1GiB" }
                  ^ error[invalid_value] `wall` is the number 0; expected a duration like 30s, 5m, 1h30m or 500ms
                     ^^^ error[unknown_key] `limits` of a command has no key `mem`; did you mean "memory"? (fix: memory)

[agents."my agent"]
        ^^^^^^^^^^ error[invalid_name] an agent's name is letters, digits and `_`, and starts with no digit
python = "a:b"
"""
    )


def test_dotted_and_inline_tables_are_found() -> None:
    text = 'agents.one.python = "a:b"\nagents.two = { python = 5 }\n'
    found, diagnostics = read_workspace(Source.of("pointsman.toml", text))
    assert [agent.name for agent in found.agents] == ["one", "two"]
    assert [(one.code, text[one.span.start : one.span.end]) for one in diagnostics] == [("wrong_type", "5")]


def test_a_model_of_a_later_version_is_refused_here_too() -> None:
    text = '[agents.draft]\nllm = { model = "openai:gpt" }\n[agents.fine]\nllm = { model = "scripted:a.yaml" }\n'
    found, diagnostics = read_workspace(Source.of("pointsman.toml", text))
    assert [one.code for one in diagnostics] == ["not_in_this_version"]
    assert found.agents[0].target is None
    assert isinstance(found.agents[1].target, LlmTarget)
