"""What somebody most likely meant, among few names and among many."""

from __future__ import annotations

import pytest

from pointsman.language.diagnostics import FEW, MANY, did_you_mean, nearest


@pytest.mark.parametrize("others", [0, FEW + 5, MANY + 5])
@pytest.mark.parametrize(
    "typed",
    ["triagex", "triag", "ttriage", "trixge", "rtiage", "triaeg", "riage"],
)
def test_one_slip_is_found_among_however_many(typed: str, others: int) -> None:
    known = [f"stage_{number}" for number in range(others)]
    assert nearest(typed, [*known, "triage"]) == "triage"


@pytest.mark.parametrize(("others", "found"), [(0, "approval"), (FEW + 5, "approval"), (MANY + 5, None)])
def test_two_slips_are_found_unless_there_are_very_many(others: int, found: str | None) -> None:
    known = [f"stage_{number}" for number in range(others)]
    assert nearest("aproovl", [*known, "approval"]) == found


def test_the_nearest_of_several_wins() -> None:
    known = [f"stage_{number}" for number in range(MANY)]
    assert nearest("stage_18x", known) == "stage_18"


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert did_you_mean("zebra", ["triage", "answer"]) == ""
    assert did_you_mean("zebra", [f"stage_{number}" for number in range(MANY + 1)]) == ""
    assert did_you_mean("", []) == ""
