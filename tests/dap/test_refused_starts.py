"""Starts that are refused or taken back: what is hidden in the reason, and that the end is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from dap.client import home, introduced, write
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
input: {type: object, properties: {password: {type: string}}}
policies: [hides.policy.yaml]
agents:
  say: {command: [echo, hi]}
stages:
  first: {agent: say}
"""
PLAIN = TEXT.replace("policies: [hides.policy.yaml]\n", "")
HIDES = "policy: hides\nlanguage: 1\nversion: 1\nrules: []\nredact: [{what}]\n"

RULES = {
    "the workspace, by path": ("redact = [{path = 'input.password'}]", "{pattern: nothing}"),
    "the workspace, by pattern": ("redact = [{pattern = 'sk-[A-Za-z0-9]+'}]", "{pattern: nothing}"),
    "a policy, by path": ("", "{path: input.password}"),
    "a policy, by pattern": ("", "{pattern: 'sk-[A-Za-z0-9]+'}"),
}


@pytest.mark.parametrize("case", RULES)
async def test_a_refused_launch_hides_what_a_run_would(case: str, tmp_path: Path) -> None:
    settings, rule = RULES[case]
    write(tmp_path, a=TEXT, hides=HIDES.format(what=rule))
    (tmp_path / "pointsman.toml").write_text(settings, "utf-8")
    (tmp_path / "i.json").write_text('{"password": ["sk-CANARY9"]}', "utf-8")
    async with home(tmp_path) as at:
        for given in ("i.json", {"password": ["sk-CANARY9"]}):
            async with introduced(at) as client:
                code, said = await client.refused("launch", {"program": "a.pipeline.yaml", "input": given})
                assert code == IDS["launchFailed"]
                assert "password" in said
                assert b"CANARY9" not in client.raw
