"""The definitions live now: what a run is started with, read from disk, checked, hashed, and pinned.

A run start reads and hashes everything itself and trusts no watcher: an editor saves and launches within its delay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.errors import Misuse, RefusedDefinition
from pointsman.journal.store import Definition
from pointsman.kernel.events import Pin
from pointsman.kernel.instructions import Program, compile_program
from pointsman.language import model
from pointsman.language.analysis import Analysis, Memory, analyse, kind_of
from pointsman.language.diagnostics import did_you_mean
from pointsman.language.imports import closure
from pointsman.language.modules import import_roots, parts
from pointsman.language.source import Source
from pointsman.runtime.makings import Makings
from pointsman.runtime.workspace import Place, Read, find_place, read_source, read_text, read_wanted, shown_path
from pointsman.runtime.workspace import import_roots as folders_of


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
    policy_texts: Mapping[Path, bytes] = field(default_factory=dict)
    """The last good text of policies, where somebody has kept it."""

    @property
    def code(self) -> dict[Path, bytes]:
        """The agents' modules by path, as they were read."""
        return {self.path.parent / text.path: text.text for text in self.texts if text.kind == "code"}


def load(path: Path, name: str | None = None, read: Read = read_text) -> Loaded:
    """Read and compile a pipeline with all it refers to; `name` picks one of several in the file, `read` gives the
    texts: those on disk, or those that were there before.

    Raises RefusedDefinition with the diagnostics `pointsman check` prints, or Misuse when there is no such thing.
    """
    found, place = _read(path, read)
    return _loaded(found, place, path, pick(found, shown_path(place, path), name), read)


def load_all(path: Path, read: Read = read_text, memory: Memory | None = None) -> Iterator[Loaded]:
    """Every pipeline of a file; with the `memory` of its text before, only what has changed is analysed anew.

    Raises what `load` raises.
    """
    found, place = _read(path, read, memory)
    for pipeline in found.pipelines:
        yield _loaded(found, place, path, pipeline, read)


def _read(path: Path, read: Read, memory: Memory | None = None) -> tuple[Analysis, Place]:
    if kind_of(path.name) not in ("pipeline", None):
        raise Misuse("not_a_pipeline", f"{path} is no pipeline", "Pipelines are named *.pipeline.yaml")
    place = find_place(path, read)
    if any(found.severity == "error" for found in place.diagnostics):
        raise RefusedDefinition(str(place.root / "pointsman.toml"), place.diagnostics)
    source = read_source(path, shown_path(place, path), read)
    found = analyse(source, read_wanted(place, path, source, read, memory), place.settings, memory)
    if found.errors or not found.pipelines:
        raise RefusedDefinition(str(path), found.diagnostics)
    return found, place


def _loaded(found: Analysis, place: Place, path: Path, pipeline: model.Pipeline, read: Read) -> Loaded:
    source, base = found.source, path.resolve().parent
    shown = source.path
    prompts = _texts(base, _prompts(pipeline, place.settings), "prompt", read)
    scripts = _texts(base, _scripts(pipeline, place.settings), "script", read)
    code = _code(base, pipeline, place.settings, import_roots(shown, place.settings), read)
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


def made_of(loaded: Loaded) -> Makings:
    """What its stages are made of."""
    hashes = {text.path: text.hash for text in loaded.texts if text.kind in ("prompt", "script")}
    code = {text.path: text.text for text in loaded.texts if text.kind == "code"}
    return Makings(loaded.program, hashes, code, import_roots(loaded.shown, loaded.place.settings))


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


def _texts(base: Path, names: Iterable[str], kind: str, read: Read) -> list[Definition]:
    texts = []
    for name in dict.fromkeys(names):
        source = read_source(base / name, name, read)
        texts.append(Definition(source.digest, kind, name, source.data))
    return texts


def _code(
    base: Path, pipeline: model.Pipeline, settings: model.Workspace, roots: tuple[str, ...], read: Read
) -> list[Definition]:
    """The agents' Python as it is now, with what it imports of the project: for the record, and to notice a change."""
    used = [worker.target for worker in _agents(pipeline, settings)]
    used += [tool.target for tool in (*settings.tools, *pipeline.tools)]
    targets = [parts(target.target) for target in used if isinstance(target, model.PythonTarget)]
    texts = closure([target[0] for target in targets if target], roots, lambda name: read(base / name))
    return [Definition(Source(name, data).digest, "code", name, data) for name, data in sorted(texts.items())]


def _policy_files(place: Place, base: Path, pipeline: model.Pipeline) -> list[tuple[Path, str]]:
    """The always-on ones of the workspace first; a pipeline can add, never drop."""
    always = [place.root / policy.name for policy in place.settings.policies]
    own = [base / policy.name for policy in pipeline.policies]
    return [(path, shown_path(place, path)) for path in dict.fromkeys([*always, *own])]


def roots_of(loaded: Loaded) -> tuple[Path, ...]:
    """Where this pipeline's Python is imported from."""
    return folders_of(loaded.place, loaded.path)
