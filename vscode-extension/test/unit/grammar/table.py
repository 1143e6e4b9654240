"""Prints what the grammars must know of the engine's tables of keys and functions, as JSON."""
# ruff: noqa: INP001 - a script that the tests run, no package

import json
import sys
from collections.abc import Iterator

from pointsman.language.checks.sites import POLICY
from pointsman.language.expressions import FUNCTIONS, MACROS
from pointsman.language.schema import SECTIONS, Choice, Either, Expression, Field, Many, Measure, Shape

POLICIES = ("policy", "rule", "match", "redaction")
FILES = {
    "pipeline": [name for name in SECTIONS if name not in (*POLICIES, "workspace")],
    "policy": [name for name in SECTIONS if name in POLICIES],
}


def inner(shape: Shape) -> Iterator[Shape]:
    """A shape and those it may take the form of."""
    yield shape
    match shape:
        case Either():
            for one in shape.shapes:
                yield from inner(one)
        case Many():
            yield from inner(shape.item)


def words(field: Field) -> list[str]:
    """The words that a key's value is chosen from."""
    return [word for one in inner(field.shape) if isinstance(one, Choice) for word in (*one.words, *one.later)]


found = {}
for kind, sections in FILES.items():
    fields = [field for name in sections for field in SECTIONS[name].fields]
    found[kind] = {
        "keys": sorted({field.name for field in fields}),
        "expressions": sorted(
            {field.name for field in fields if any(isinstance(one, Expression) for one in inner(field.shape))}
        ),
        "measures": sorted({field.name for field in fields if isinstance(field.shape, Measure)}),
        "choices": sorted({(field.name, word) for field in fields for word in words(field)}),
    }
found["expression"] = {
    "functions": sorted(FUNCTIONS),
    "macros": sorted([*MACROS, "has"]),
    "names": sorted(POLICY | {"result", "error"}),
}
sys.stdout.write(json.dumps(found))
