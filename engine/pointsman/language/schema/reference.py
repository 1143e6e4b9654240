"""The reference pages of the keys, made from the table; a test holds the files in `docs/` equal."""

from collections.abc import Iterator
from json import dumps

from pointsman.language import schema
from pointsman.language.measures import EXPECTED
from pointsman.language.schema import Field, Section, Shape

_INTRO = {
    "pipeline": "# The keys of `*.pipeline.yaml`",
    "policy": "# The keys of `*.policy.yaml`",
    "workspace": "# The keys of `pointsman.toml`",
}
_NOTE = (
    "This page is made from the table of keys that the checker reads "
    "(`pointsman.language.schema.reference`); change it there."
)


def reference_page(kind: str) -> str:
    """The page of one kind of file, as Markdown: every section that can be reached, and every key in it."""
    parts = [_INTRO[kind], _NOTE]
    parts += [_section(section) for section in sections_of(kind)]
    return "\n\n".join(parts) + "\n"


def sections_of(kind: str) -> list[Section]:
    """The sections that a file of this kind may hold, in the order they are first met."""
    found: dict[str, None] = {}
    waiting = [schema.ROOTS[kind]]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            waiting += [inner for field in schema.SECTIONS[name].fields for inner in _inner(field.shape)]
    return [schema.SECTIONS[name] for name in found]


def said(shape: Shape) -> str:
    """What a shape allows, in words."""
    match shape:
        case schema.Anything():
            return "any value"
        case schema.Rendered(of="any"):
            return "any value, templates"
        case schema.Rendered(of=of):
            return f"{of}, templates"
        case schema.Text(says=says):
            return says
        case schema.Reference(to=to):
            return {"target": "stage, `end` or `fail`", "prompt": "path", "policy": "path"}.get(to, f"name of a {to}")
        case schema.Integer(minimum=least):
            return f"whole number, {least} or more"
        case schema.Number(minimum=least):
            return f"number, {least} or more"
        case schema.Boolean():
            return "`true` or `false`"
        case schema.Choice(words=words, later=later):
            # A word of a later version is named, so that nobody looks for it in vain.
            return " or ".join([*(f"`{word}`" for word in words), *(f"`{word}` (later)" for word in later)])
        case schema.Measure(unit=unit):
            return EXPECTED[unit]
        case schema.Expression():
            return "CEL expression"
        case schema.Schema():
            return "JSON Schema"
        case schema.Many(item=item):
            return f"list of: {said(item)}"
        case schema.Named(value=value, what=what):
            return f"mapping of {what} to: {said(value)}"
        case schema.Either(shapes=shapes):
            return "; or ".join(said(one) for one in shapes)
        case schema.Of(section=section):
            return f"[{_title(section)}](#{_anchor(section)})"


def _section(section: Section) -> str:
    lines = [f"## {section.title}", "", section.doc, ""]
    if section.kinds:
        kinds = [kind for kind in section.kinds if not section.by_name[kind].later]
        excuse = f", or `{section.excused}` alone" if section.excused else ""
        lines += [f"Exactly one of {', '.join(f'`{kind}`' for kind in kinds)}{excuse}.", ""]
    lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
    lines += [_row(field) for field in section.fields if not field.later]
    lines += [f"| `{field.name}` | *a later version* | | {field.doc} |" for field in section.fields if field.later]
    return "\n".join(lines)


def _row(field: Field) -> str:
    default = "**required**" if field.required else "" if field.default is None else f"`{shown(field.default)}`"
    meaning = field.doc
    if field.only:
        meaning += f" Only with `{field.only}`."
    if field.example:
        meaning += f" Example: `{field.example}`."
    cells = (f"`{field.name}`", said(field.shape), default, meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def shown(value: object) -> str:
    """A default as it would be written."""
    return value if isinstance(value, str) and value else dumps(value)


def _inner(shape: Shape) -> Iterator[str]:
    match shape:
        case schema.Of(section=name):
            yield name
        case schema.Many(item=inner) | schema.Named(value=inner):
            yield from _inner(inner)
        case schema.Either(shapes=shapes):
            for one in shapes:
                yield from _inner(one)
        case _:
            return


def _title(section: str) -> str:
    return schema.SECTIONS[section].title


def _anchor(section: str) -> str:
    """The anchor that Markdown gives the heading."""
    kept = [letter for letter in _title(section).lower() if letter.isalnum() or letter in " -_"]
    return "".join(kept).replace(" ", "-")
