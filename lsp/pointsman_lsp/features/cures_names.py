"""Ways to mend names and ways: what nobody has is made, what nobody needs is taken out."""

from collections.abc import Iterator
from re import compile as regex
from re import escape

from pointsman.language import symbols
from pointsman.language.facts import InputFacts, input_facts
from pointsman.language.lexical import get
from pointsman.language.reading import valid_name
from pointsman.language.tree import Entry, Mapping, Scalar, Sequence
from pointsman.language.writing import written
from pointsman_lsp.features import TextEdit
from pointsman_lsp.features.editing import ends, with_entry, with_item, without
from pointsman_lsp.features.mending import Case, Mend
from pointsman_lsp.features.navigation import prompt_text

_NEEDS = regex(r" needs (.+), which `with` does not give\Z")
_STATE = "`state` has no key "
_BELOW_STATE = ("agents", "tools", "limits", "budget", "defaults", "policies", "stages", "triggers")


def unknown_stage(case: Case) -> Iterator[Mend]:
    """A stage of this name, at the end of the block, which leads to the end."""
    way = case.trail
    if not isinstance(way.node, Scalar) or not valid_name(way.node.text):
        return
    names = [step.name for step in way.steps]
    depth = max((at for at, name in enumerate(names) if name == "stages"), default=-1)
    # The only stage of a branch has no block of its own for another one.
    if depth < 0 or "fork" in names[depth:]:
        return
    held = way.steps[depth].part
    block = held.value if isinstance(held, Entry) else None
    if isinstance(block, Mapping) and (block.near(block.span.start) or block.entries):
        yield from case.mend(f"Create the stage {way.node.text}", *_stage_added(case, block, way.node.text))


def _stage_added(case: Case, block: Mapping, name: str) -> list[TextEdit | None]:
    inner, dash = " " * case.style.indent, " " * case.style.dash
    last = ends(block)[1]
    assert isinstance(last, Entry)
    lines = (f"{name}:", f"{inner}routes:", f"{inner}{dash}- to: end")
    new = with_entry(case.source, block, last, f"{name}: {{routes: [{{to: end}}]}}", lines, case.style)
    # What was the last stage would go on to the new one.
    stage = last.value
    if not isinstance(stage, Mapping) or not stage.entries or get(stage, "next") or get(stage, "routes"):
        return [new]
    line = "next: end"
    end = with_entry(case.source, stage, stage.entries[-1], line, (line,), case.style)
    if new is None or end is None or end.span != new.span:
        return [end, new]
    return [TextEdit(new.span, end.text + new.text)]


def unknown_name(case: Case) -> Iterator[Mend]:
    """A key of `state` of this name, for any value."""
    name = case.found.message.removeprefix(_STATE).partition(";")[0]
    if case.found.message.startswith(_STATE) and valid_name(name) and case.document.analysis.kind == "pipeline":
        yield from case.mend(f"Add {name} to `state`", case.top_level("state", name, "{}", _BELOW_STATE))


def reason_unknown(case: Case) -> Iterator[Mend]:
    """The reason, with its own words for a sentence."""
    node = case.trail.node
    if isinstance(node, Scalar) and node.text:
        name, sentence = written(node.text), written(node.text.replace("_", " "))
        edit = case.top_level("reasons", name, sentence, ("redact", "grants"))
        yield from case.mend(f"Add {node.text} to `reasons`", edit)


def unneeded(case: Case) -> Iterator[Mend]:
    """What nobody uses or comes to gone, unless something still names it."""
    way, tree, kind = case.trail, case.document.analysis.tree, case.document.analysis.kind
    if not way.at_key:
        return
    step = way.steps[-1]
    inside, data, word = step.part.span, case.source.data, regex(rb"(?<!\w)" + escape(step.name.encode()) + rb"(?!\w)")
    # Most often no other place has the word at all, and nobody needs to know what each means.
    elsewhere = b"\\" in data or word.search(data, 0, inside.start) or word.search(data, inside.end)
    one = symbols.at(tree, kind, case.found.span.start) if elsewhere else None
    named = symbols.same(tree, kind, one, prompt_text(case.document)) if one else []
    if all(not at.file and inside.start <= at.span.start and at.span.end <= inside.end for at in named):
        what = case.found.code.rpartition("_")[2]
        yield from case.mend(f"Remove the {what} {step.name}", without(case.source, way.steps, climb=True))


def unknown_item(case: Case) -> Iterator[Mend]:
    """A name of a list that nothing has gone from it."""
    way = case.trail
    if (
        case.found.fix is None
        and isinstance(way.node, Scalar)
        and way.steps
        and isinstance(way.steps[-1].holder, Sequence)
    ):
        yield from case.mend(f"Remove {way.node.text}", without(case.source, way.steps, climb=True))


def dead_route(case: Case) -> Iterator[Mend]:
    """The route gone."""
    yield from case.mend("Remove this route", without(case.source, case.trail.steps))


def missing_catch_all(case: Case) -> Iterator[Mend]:
    """A last route that always matches."""
    steps = case.trail.steps
    if steps and isinstance(steps[-1].holder, Sequence):
        for target in ("end", "fail"):
            edit = with_item(case.source, steps[-1], f"to: {target}", case.style)
            yield from case.mend(f"Add a last route to {target}", edit)


def argument_mismatch(case: Case) -> Iterator[Mend]:
    """An argument that nobody takes gone; those that are needed given, from the input where it has them."""
    way = case.trail
    if way.at_key and case.found.fix is None:
        yield from case.mend(f"Remove {way.steps[-1].name}", without(case.source, way.steps, climb=True))
        return
    needed = _NEEDS.search(case.found.message)
    stage = way.steps[-1].holder if way.steps else None
    if needed is None or not isinstance(stage, Mapping) or not isinstance(way.steps[-1].part, Entry):
        return
    known = _input(case)
    fields = known.fields if known else ()
    lines = [
        f'{name}: "${{{{ input.{name} }}}}"' if name in fields else f"{name}: null" for name in needed[1].split(", ")
    ]
    given = get(stage, "with")
    if given is None:
        flow = f"with: {{{', '.join(lines)}}}"
        edit = with_entry(case.source, stage, way.steps[-1].part, flow, (flow,), case.style)
    elif isinstance(given.value, Mapping):
        entries = given.value.entries
        after = entries[-1] if entries else None
        edit = with_entry(case.source, given.value, after, ", ".join(lines), tuple(lines), case.style)
    else:
        return
    yield from case.mend(f"Give {needed[1]}", edit)


def _input(case: Case) -> InputFacts | None:
    at = case.found.span.start
    for pipeline in reversed(case.document.analysis.pipelines):
        if pipeline.span.start <= at:
            return input_facts(pipeline.input)
    return None
