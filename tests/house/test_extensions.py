"""The page of what the language server says beyond LSP names exactly what the code does, with messages that fit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pointsman_lsp import announcing, params

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "lsp-extensions.md"
TEXT = PAGE.read_text("utf-8")
OURS = "pointsman/"
SHAPES: dict[str, type[Any]] = {
    **{method: question.shape for method, question in announcing.QUESTIONS.items() if method.startswith(OURS)},
    **{method: shape for method, shape in announcing.REQUESTS.items() if method.startswith(OURS)},
}
SECTIONS = {
    name: [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)]
    for name, text in re.findall(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", TEXT, re.S | re.M)
}


def keys(shape: type[Any]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(shape)}


def test_the_page_and_the_tables_have_the_same_names() -> None:
    assert SECTIONS.keys() == {
        *SHAPES,
        *announcing.COMMANDS,
        *announcing.NOTIFICATIONS,
        *announcing.CLIENT_COMMANDS,
    }


def test_all_examples_are_json() -> None:
    assert len(re.findall(r"```json\n", TEXT)) >= len(SECTIONS) + 2
    for block in re.findall(r"```json\n(.*?)```", TEXT, re.S):
        json.loads(block)


@pytest.mark.parametrize("method", SHAPES)
def test_an_example_of_a_request_is_understood(method: str) -> None:
    assert SECTIONS[method][0]["method"] == method
    msgspec.convert(SECTIONS[method][0]["params"], SHAPES[method])
    assert {*SECTIONS[method][0]["params"]} <= keys(SHAPES[method])


@pytest.mark.parametrize("command", announcing.COMMANDS)
def test_an_example_of_a_command_is_understood(command: str) -> None:
    its = msgspec.convert(SECTIONS[command][0]["params"], params.ExecuteCommand)
    assert its.command == command
    argument = (its.arguments or [None])[0]
    msgspec.convert(argument, announcing.COMMANDS[command])
    assert {*argument} <= keys(announcing.COMMANDS[command])


@pytest.mark.parametrize("name", [*announcing.NOTIFICATIONS, *announcing.CLIENT_COMMANDS])
def test_the_other_examples_name_what_they_are_of(name: str) -> None:
    (example,) = SECTIONS[name]
    assert name in (example.get("method"), example.get("command"))


def test_the_version_is_the_one_that_is_announced() -> None:
    assert json.dumps({"capabilities": {"experimental": {"pointsman": {"version": announcing.VERSION}}}}) in TEXT
