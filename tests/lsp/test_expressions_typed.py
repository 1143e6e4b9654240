"""Every member written in the examples is offered where it was typed: when the word is taken out, and cut in half."""

import re
from pathlib import Path

import pytest

from lsp.documents import document
from pointsman_lsp.features.expressions import complete_expression

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TEXTS = sorted(EXAMPLES.glob("*/*.pipeline.yaml"))
MEMBER = re.compile(r"\b(?:outputs|state|input|args|result|error|run|budget|visits|branch)(?:\.\??\w+)+")

# Its agent says that it returns a dict, and no more.
UNKNOWABLE = {"outputs.triage.summary"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.parent.name)
def test_what_is_written_is_offered_where_it_was_typed(path: Path) -> None:
    text = path.read_text("utf-8")
    around = {
        str(one.relative_to(path.parent)): one.read_text("utf-8")
        for one in path.parent.rglob("*")
        if one.suffix in (".py", ".md", ".toml", ".yaml") and one != path and ".pointsman" not in one.parts
    }
    tried, missed = 0, set()
    for chain in MEMBER.finditer(text):
        for word in re.finditer(r"(?<=[.?])\w+", chain[0]):
            start, end = chain.start() + word.start(), chain.start() + word.end()
            for kept in {0, len(word[0]) // 2}:
                typed = text[: start + kept] + text[end:]
                offers = complete_expression(document(typed, around, path.name), len(typed[: start + kept].encode()))
                tried += 1
                if not any(one.filter == word[0] for one in offers):
                    missed.add(chain[0][: word.end()])
    assert tried >= 20
    assert missed <= UNKNOWABLE
