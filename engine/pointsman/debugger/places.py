"""Where in the envelope an expression looks, so that what a path hides is hidden in what is computed from it too."""

from __future__ import annotations

from pointsman.debugger.moments import Moment
from pointsman.debugger.nodes import Node, Place, computed, node
from pointsman.kernel.events import Operand
from pointsman.language.expressions import Ident, Index, Parsed, Select, parse, references

ROOTS = frozenset({"input", "outputs", "state", "metadata", "budget", "run", "history"})
"""The parts of the envelope; those of them that are names of expressions too mean the same there."""


def place_of(tree: Parsed, moment: Moment) -> Place | None:
    """The place an expression names, None when it does more than name one."""
    inner = tree.tree
    while isinstance(inner, Select | Index) and not inner.optional:
        inner = inner.operand
    found = references(tree)
    whole = (tree.tree.start, tree.tree.end)
    if not isinstance(inner, Ident) or len(found) != 1 or (found[0].start, found[0].end) != whole:
        return None
    return _at(found[0].path, moment)


def places_in(tree: Parsed, moment: Moment) -> tuple[Place, ...]:
    """All places an expression names anywhere."""
    return tuple(place for each in references(tree) if (place := _at(each.path, moment)))


def operand(seen: Operand, moment: Moment, *, now: bool) -> Node:
    """A leaf of a condition with the value it has (`now`), or had."""
    if seen.error:
        return node(seen.text, seen.error, line=lambda show: f"<{seen.error}>")
    tree = parse(seen.text)
    place, path = place_of(tree, moment), seen.text if now else ""
    if place is not None:
        return node(seen.text, seen.value, path, place)
    return computed(seen.text, seen.value, path, places_in(tree, moment))


def _at(path: tuple[str, ...], moment: Moment) -> Place | None:
    """Where in the envelope a path of an expression leads; a result is an output that has not arrived yet."""
    root, *rest = path
    if root == "result":
        return ("outputs", moment.stage.rpartition(".")[2], *rest)
    if root == "envelope" and rest:
        return tuple(rest)
    return path if root in ROOTS else None
