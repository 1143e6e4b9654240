"""Runs that go on for as long as a benchmark needs them: each sleeps, steps, and sleeps again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from servers import POINTSMAN

STEPS = 3_000
"""Ten minutes of naps: longer than any measurement."""


def start(folder: Path, runs: int) -> list[str]:
    """Start so many runs on the server of this workspace; returns their ids."""
    path = folder / "busy.pipeline.yaml"
    path.write_text(_pipeline(), "utf-8")
    started = []
    for number in range(runs):
        print(f"run {number + 1} of {runs}", file=sys.stderr, flush=True)
        argv = [str(POINTSMAN), "run", path.name, "--detach"]
        said = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
        started.append(said.stdout.strip())
    return started


def still_running(folder: Path, started: list[str]) -> int:
    """How many of these are running now."""
    argv = [str(POINTSMAN), "runs", "--json", "--limit", str(len(started))]
    said = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return sum(run["status"] == "running" for run in json.loads(said.stdout) if run["id"] in started)


def _pipeline() -> str:
    """One stage that takes a nap and is its own next, until all naps are taken."""
    naps = ", ".join(["{delay: 0.2, value: rested}"] * STEPS)
    return f"""\
pipeline: busy
language: 1
agents:
  nap: {{scripted: [{naps}]}}
limits: {{iterations: {STEPS}, hops: {STEPS}}}
stages:
  nap:
    agent: nap
    routes: [{{when: visits.nap < {STEPS}, to: nap}}, {{to: end}}]
"""
