"""The faults one client wants to stop at: some clients name filters, others give options, some both."""

from __future__ import annotations

from typing import Any

from pointsman.debugger.breakpoints import flaw_of
from pointsman.debugger.faults import FAULTS
from pointsman.language.diagnostics import did_you_mean
from pointsman_dap.params import SetExceptionBreakpoints

Body = dict[str, Any]

FILTERS: list[Body] = [
    {
        "filter": fault.id,
        "label": fault.label,
        "default": fault.default,
        "supportsCondition": True,
        "conditionDescription": 'an expression, such as error.stage == "draft"',
    }
    for fault in FAULTS
]
"""As they are announced."""

KNOWN = [fault.id for fault in FAULTS]


class Faults:
    """What is wanted now, by id, and the conditions of those that have one."""

    def __init__(self) -> None:
        self.wanted: tuple[str, ...] = ()
        self.conditions: dict[str, tuple[str, ...]] = {}

    def set(self, asked: SetExceptionBreakpoints) -> list[Body]:
        """Replace them; one answer for each filter, then for each option, in order."""
        wanted: dict[str, list[str]] = {}
        told: list[Body] = []
        for name, condition in [(name, "") for name in asked.filters] + [
            (option.filter_id, option.condition) for option in asked.filter_options
        ]:
            flaw = flaw_of(condition, "")
            if name not in KNOWN:
                flaw = f"there is no filter {name}{did_you_mean(name, KNOWN)}"
            if flaw:
                told.append({"verified": False, "reason": "failed", "message": flaw})
                continue
            told.append({"verified": True})
            wanted.setdefault(name, []).append(condition)
        self.wanted = tuple(wanted)
        # One that is asked for without a condition is wanted always.
        self.conditions = {name: tuple(each) for name, each in wanted.items() if all(each)}
        return told
