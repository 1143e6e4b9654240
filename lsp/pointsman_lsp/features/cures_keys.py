"""Ways to mend keys and values: what is missing is put in, what does not belong there is taken out."""

from collections.abc import Iterator
from re import compile as regex

from pointsman.language import schema
from pointsman.language.diagnostics import nearest
from pointsman.language.lexical import get
from pointsman.language.reading import RESERVED, valid_name
from pointsman.language.schema import Field, Section, Shape
from pointsman.language.source import Span
from pointsman.language.tree import Entry, Mapping, Missing, Scalar, Sequence, resolve
from pointsman.language.writing import quote_of, written
from pointsman_lsp.features import Refused, TextEdit
from pointsman_lsp.features.editing import with_entry, without
from pointsman_lsp.features.mending import Case, Mend
from pointsman_lsp.features.rename import rename
from pointsman_lsp.features.trail import Step

_NO_NAME = regex(r"[\s#]+")
_NO_WORD = regex(r"[^A-Za-z0-9_]")
_MARK = b"\xef\xbb\xbf"
_SURE = ("language", "version", "pipeline", "policy")
_MOST_AGENTS = 5


def missing_key(case: Case) -> Iterator[Mend]:
    """The key, with a value that may stand there."""
    way = case.trail
    if way.section is not None and way.mapping is not None:
        mapping, section = way.mapping, way.section
        present = [entry.key.text for entry in mapping.entries]
        for field in section.fields:
            if field.required and field.name not in present and case.found.message.endswith(f"`{field.name}`"):
                yield from _added(case, mapping, section, field)
                return
    if isinstance(way.node, Mapping | Sequence) and way.node.flow and way.steps:
        step = way.steps[-1]
        of = step.shape.section if isinstance(step.shape, schema.Of) else ""
        value = _value(case, of, schema.SECTIONS[of].by_name[step.name]) if of and step.name else ""
        if value:
            yield from case.mend(f"Change to {value}", TextEdit(way.node.span, value))


def _added(case: Case, mapping: Mapping, section: Section, field: Field) -> Iterator[Mend]:
    value = _value(case, section.name, field)
    if not value:
        return
    line = f"{field.name}: {value}"
    block: tuple[str, ...] = (line,)
    if field.name == "stages":
        inner = " " * case.style.indent
        block = ("stages:", f"{inner}start:", f"{inner * 2}routes:", f"{inner * 2}{' ' * case.style.dash}- to: end")
    after = _before(mapping, section, field.name)
    edit = with_entry(case.source, mapping, after, line, block, case.style)
    title = f"Add `{field.name}`" if field.name == "stages" else f"Add `{line}`"
    yield from case.mend(title, edit, sure=field.name in _SURE)


def _before(mapping: Mapping, section: Section, name: str) -> Entry | None:
    """The entry behind which a key has its place by the table; None is before them all."""
    order = [one.name for one in section.fields]
    above = order[: order.index(name)]
    return next((entry for entry in reversed(mapping.entries) if entry.key.text in above), None)


def _value(case: Case, section: str, field: Field) -> str:
    """What a key may be given; empty when nothing makes sense."""
    match section, field.name:
        case (("pipeline" | "policy"), ("pipeline" | "policy")):
            return written(_stem(case))
        case (("pipeline" | "policy"), ("language" | "version")):
            return "1"
        case "pipeline", "stages":
            return "{start: {routes: [{to: end}]}}"
        case (("route" | "handler"), "to"):
            return "end"
        case "rule", "id":
            rules = get(resolve(case.trail.root), "rules")
            count = len(rules.value.items) if rules and isinstance(rules.value, Sequence) else 1
            return f"rule_{count}"
        case _:
            words = field.shape.words if isinstance(field.shape, schema.Choice) else ()
            return words[0] if words else field.example


def _stem(case: Case) -> str:
    return _NO_NAME.sub("_", case.document.path.name.partition(".")[0]) or case.document.analysis.kind


def missing_kind(case: Case) -> Iterator[Mend]:
    """A stage with one of the agents there are, or with a way on and nothing else."""
    way = case.trail
    if way.mapping is None or way.section is None or way.section.name not in ("stage", "branch"):
        return
    shared = [agent.name for agent in case.document.place.settings.agents]
    for name in list(filter(valid_name, (*case.names("agents"), *shared)))[:_MOST_AGENTS]:
        line = f"agent: {name}"
        yield from case.mend(f"Add `{line}`", with_entry(case.source, way.mapping, None, line, (line,), case.style))


def empty_file(case: Case) -> Iterator[Mend]:
    """The shortest file that runs."""
    kind, new, inner = case.document.analysis.kind, case.style.newline, " " * case.style.indent
    lines = [f"{kind}: {written(_stem(case))}", "language: 1"]
    if kind == "pipeline":
        lines += ["stages:", f"{inner}start:", f"{inner * 2}routes:", f"{inner * 3}- to: end"]
    else:
        lines += ["version: 1", "rules: []"]
    end = len(case.source.data)
    lead = "" if case.source.data in (b"", _MARK) or case.source.data.endswith(b"\n") else new
    text = lead + "".join(line + new for line in lines)
    yield from case.mend(f"Start a {kind}", TextEdit(Span(end, end), text))


def wrong_language_version(case: Case) -> Iterator[Mend]:
    """The version there is; whether the file fits it is another question."""
    yield from case.mend(f"Change to {schema.LANGUAGE}", TextEdit(case.found.span, str(schema.LANGUAGE)))


def wrong_type(case: Case) -> Iterator[Mend]:
    """A key without a value, if there need not be one, gone."""
    way = case.trail
    step = way.steps[-1] if way.steps else None
    if step is None or not step.name or not (isinstance(way.node, Missing) or _is_null(way.node)):
        return
    field = _field(step.shape, step.name)
    if field is not None and not field.required and field.name not in schema.SECTIONS[_section(step.shape)].kinds:
        yield from case.mend(f"Remove `{step.name}`", without(case.source, way.steps))


def unwanted_key(case: Case) -> Iterator[Mend]:
    """The key gone, where nothing else says what it should be and nothing rests on it."""
    way = case.trail
    if case.found.fix is not None or not way.at_key or _rests_on(way.steps[-1].shape, way.steps[-1].name):
        return
    yield from case.mend(f"Remove `{way.steps[-1].name}`", without(case.source, way.steps))


def kind_conflict(case: Case) -> Iterator[Mend]:
    """The key that does not belong there gone; of two kinds one or the other."""
    way = case.trail
    step = way.steps[-1] if way.at_key else None
    if step is None or not isinstance(step.holder, Mapping):
        return
    for span in [case.found.span, *(one.span for one in case.found.related)]:
        entry = next((one for one in step.holder.entries if one.key.span == span), None)
        if entry is None or _carries(step.shape, entry.key.text, step.holder):
            continue
        steps = (*way.steps[:-1], Step(step.holder, entry, step.shape))
        yield from case.mend(f"Remove `{entry.key.text}`", without(case.source, steps))


def duplicate_key(case: Case) -> Iterator[Mend]:
    """The second one gone: the first is the one that counts."""
    if case.trail.at_key:
        yield from case.mend("Remove this one", without(case.source, case.trail.steps))


def invalid_name(case: Case) -> Iterator[Mend]:
    """A name that may be, wherever it is named."""
    if not case.trail.at_key:
        return
    name = case.trail.steps[-1].name
    new = f"{name}_" if name in RESERVED else _NO_WORD.sub("_", name)
    new = f"_{new}" if new[:1].isdigit() else new
    if not valid_name(new):
        return
    try:
        changes = tuple(rename(case.document, case.found.span.start, new))
    except Refused:
        return
    if changes:
        yield Mend(f"Rename to {new}", changes)


def quotes(case: Case) -> Iterator[Mend]:
    """Quotes around a text that YAML takes for something else, where any text may stand."""
    node, shape = case.trail.node, case.trail.shape
    if not isinstance(node, Scalar) or node.style != "plain" or not node.broken or "quote" not in case.found.message:
        return
    raw = case.source.text(node.span)
    free = (isinstance(shape, schema.Text) and not shape.like) or isinstance(shape, schema.Rendered | schema.Anything)
    if free and "\n" not in raw and not raw.startswith(("'", '"')):
        yield from case.mend("Put it in quotes", TextEdit(node.span, written(raw, "'")), sure=True)


def near_file(case: Case) -> Iterator[Mend]:
    """The file beside the one that is not there, which was most likely meant."""
    node = case.trail.node
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    scheme, colon, path = node.text.partition(":") if node.text.startswith("scripted:") else ("", "", node.text)
    folder, slash, name = path.strip().rpartition("/")
    there = case.document.disk.names(case.document.beside(folder))
    ending = ".policy." if case.found.code == "unknown_policy_file" else ""
    near = nearest(name, [one for one in there if not one.endswith("/") and ending in one])
    if near:
        text = f"{scheme}{colon}{folder}{slash}{near}"
        yield from case.mend(f"Change to {text}", TextEdit(node.span, written(text, quote_of(node))), sure=True)


def _is_null(node: object) -> bool:
    return isinstance(node, Scalar) and node.value is None and not node.broken


def _section(shape: Shape | None) -> str:
    return shape.section if isinstance(shape, schema.Of) else ""


def _field(shape: Shape | None, name: str) -> Field | None:
    section = _section(shape)
    return schema.SECTIONS[section].by_name.get(name) if section else None


def _rests_on(shape: Shape | None, name: str) -> bool:
    """Whether a section would be none without this key, or a rule would apply to more than it was made for."""
    section = _section(shape)
    return section == "match" or (bool(section) and name in schema.SECTIONS[section].kinds)


def _carries(shape: Shape | None, name: str, mapping: Mapping) -> bool:
    """Whether another key of the mapping belongs to this one."""
    section = _section(shape)
    fields = schema.SECTIONS[section].by_name if section else {}
    others = [fields[entry.key.text] for entry in mapping.entries if entry.key.text in fields]
    return any(one.only == name for one in others)
