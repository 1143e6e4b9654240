"""The definitions live now: what a run is started with, read from disk, checked, hashed, and pinned.

A run start reads and hashes everything itself and trusts no watcher: an editor saves and launches within its delay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.errors import Misuse, RefusedDefinition
from pointsman.journal.store import Definition
from pointsman.kernel.events import Pin
from pointsman.kernel.instructions import Program, compile_program
from pointsman.language import model
from pointsman.language.analysis import Analysis, analyse, kind_of
from pointsman.language.diagnostics import did_you_mean
from pointsman.language.source import Source
from pointsman.runtime.workspace import Place, find_place, import_roots, read_source, read_wanted, shown_path


@dataclass(frozen=True)
class Loaded:
    """A pipeline ready to start. `shown` is its path as people and the journal know it: relative to the root."""

    place: Place
    path: Path
    shown: str
    program: Program
    analysis: Analysis
    definition: Definition
    pins: tuple[Pin, ...]
    texts: tuple[Definition, ...]
    policy_files: tuple[tuple[Path, str], ...]
    scripts: dict[str, bytes] = field(default_factory=dict)


def load(path: Path, name: str | None = None) -> Loaded:
    """Read and compile a pipeline with all it refers to; `name` picks one of several in the file.

    Raises RefusedDefinition with the diagnostics `pointsman check` prints, or Misuse when there is no such thing.
    """
    if kind_of(path.name) not in ("pipeline", None):
        raise Misuse("not_a_pipeline", f"{path} is no pipeline", "Pipelines are named *.pipeline.yaml")
    place = find_place(path)
    if any(found.severity == "error" for found in place.diagnostics):
        raise RefusedDefinition(str(place.root / "pointsman.toml"), place.diagnostics)
    shown = shown_path(place, path)
    source = read_source(path, shown)
    files = read_wanted(place, path, source)
    found = analyse(source, files, place.settings)
    if found.errors or not found.pipelines:
        raise RefusedDefinition(str(path), found.diagnostics)
    pipeline = pick(found, shown, name)
    base = path.resolve().parent
    prompts = _texts(base, _prompts(pipeline, place.settings), "prompt")
    scripts = _texts(base, _scripts(pipeline, place.settings), "script")
    code = _code(files.texts)
    settings = place.source
    workspace = [Definition(settings.digest, "workspace", "pointsman.toml", settings.data)] if settings else []
    texts = (*prompts, *scripts, *code, *workspace)
    policy_files = tuple(_policy_files(place, base, pipeline))
    program = compile_program(
        source,
        pipeline,
        prompts={text.path: text.text.decode("utf-8", "replace") for text in prompts},
        workspace=place.settings,
        guarded=bool(policy_files),
    )
    return Loaded(
        place,
        path.resolve(),
        shown,
        program,
        found,
        Definition(source.digest, "pipeline", shown, source.data),
        tuple(Pin(text.kind, text.path, text.hash) for text in texts),
        texts,
        policy_files,
        {text.path: text.text for text in scripts},
    )


def pick(found: Analysis, shown: str, name: str | None) -> model.Pipeline:
    """The named pipeline of a file, or its only one. Raises Misuse."""
    names = [pipeline.name for pipeline in found.pipelines]
    if name is None and len(names) == 1:
        return found.pipelines[0]
    if name is None:
        raise Misuse("pipeline_unnamed", f"{shown} holds {', '.join(names)}", f"Say which: {shown}#{names[0]}")
    for pipeline in found.pipelines:
        if pipeline.name == name:
            return pipeline
    raise Misuse("pipeline_unknown", f"{shown} has no pipeline {name}{did_you_mean(name, names)}")


def _agents(pipeline: model.Pipeline, settings: model.Workspace) -> tuple[model.Agent, ...]:
    return (*settings.agents, *pipeline.agents)


def _prompts(pipeline: model.Pipeline, settings: model.Workspace) -> list[str]:
    targets = [agent.target for agent in _agents(pipeline, settings)]
    return [target.prompt.name for target in targets if isinstance(target, model.LlmTarget) and target.prompt]


def _scripts(pipeline: model.Pipeline, settings: model.Workspace) -> list[str]:
    targets = [agent.target for agent in _agents(pipeline, settings)]
    named = [target.model for target in targets if isinstance(target, model.LlmTarget)]
    return [name.removeprefix("scripted:") for name in named if name.startswith("scripted:")]


def _texts(base: Path, names: Iterable[str], kind: str) -> list[Definition]:
    texts = []
    for name in dict.fromkeys(names):
        source = read_source(base / name, name)
        texts.append(Definition(source.digest, kind, name, source.data))
    return texts


def _code(files: Mapping[str, bytes | None]) -> list[Definition]:
    """The agents' Python as it is now: for the record, and to notice a change on resume."""
    found: list[Definition] = []
    for name, data in sorted(files.items()):
        if name.endswith(".py") and data is not None:
            found.append(Definition(Source(name, data).digest, "code", name, data))
    return found


def _policy_files(place: Place, base: Path, pipeline: model.Pipeline) -> list[tuple[Path, str]]:
    """The always-on ones of the workspace first; a pipeline can add, never drop."""
    always = [place.root / policy.name for policy in place.settings.policies]
    own = [base / policy.name for policy in pipeline.policies]
    return [(path, shown_path(place, path)) for path in dict.fromkeys([*always, *own])]


def roots_of(loaded: Loaded) -> tuple[Path, ...]:
    """Where this pipeline's Python is imported from."""
    return import_roots(loaded.place, loaded.path)
