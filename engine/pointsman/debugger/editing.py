"""What a person means who changes a value of a stopped run: an expression that leads to it, and the value as text."""

from __future__ import annotations

import msgspec

from pointsman.debugger.moments import Moment
from pointsman.errors import Misuse
from pointsman.kernel.events import Json
from pointsman.language.expressions import Ident, Index, Literal, Select, parse
from pointsman.security.redaction import HIDDEN

Path = tuple[str | int, ...]


def path_of(expression: str, moment: Moment) -> Path:
    """The names and indexes by which an expression leads to a value, as an edit wants them.

    Raises Misuse when it does more than lead there.
    """
    steps: list[str | int] = []
    tree = parse(expression)
    inner = tree.tree
    while isinstance(inner, Select | Index) and not inner.optional:
        if isinstance(inner, Select):
            steps.append(inner.field)
        elif isinstance(inner.index, Literal) and type(inner.index.value) in (str, int):
            steps.append(inner.index.value)  # type: ignore[arg-type]  # one of the two
        else:
            break
        inner = inner.operand
    if tree.problems or not isinstance(inner, Ident):
        raise Misuse("edit_unfit", f"{expression or 'this'} is computed: there is nothing to edit")
    path = (inner.name, *reversed(steps))
    if path[0] == "envelope":
        path = path[1:] or path
    if moment.part == "route" and path[:2] == ("outputs", moment.stage.rpartition(".")[2]):
        return ("result", *path[2:])  # it is shown as an output already, and becomes one when the route is taken
    return path


def value_of(text: str) -> Json:
    """What a person typed: JSON, and what is none is a text. Raises Misuse for a value with something hidden in it."""
    if HIDDEN in text:
        raise Misuse("edit_unfit", f"{HIDDEN} stands for what is not shown: edit the parts that are")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    except RecursionError:
        raise Misuse("edit_unfit", "the value has more levels than can be read") from None
