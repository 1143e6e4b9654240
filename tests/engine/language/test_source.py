"""Texts and their lines."""

import random

import pytest

from pointsman.language import source
from pointsman.language.source import Source


@pytest.mark.parametrize("seed", range(200))
def test_lines_found_in_steps_are_those_found_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_AT_ONCE", 5)
    chance = random.Random(seed)
    data = "".join(chance.choices("ab\n\r\u2028", k=chance.randrange(60))).encode()
    stepped = Source("a", data)
    for _ in stepped.index():
        pass
    assert vars(stepped)["line_starts"] == Source("a", data).line_starts
