"""Values that were read in the coordinates of a piece of text, moved to where the piece stands in its file."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, TypeVar

from pointsman.language import model
from pointsman.language.diagnostics import Diagnostic, Fix, Related
from pointsman.language.scalars import SegmentMap
from pointsman.language.source import Span

Moved = TypeVar("Moved")


def moved(value: Moved, by: int) -> Moved:
    """The same part of a model, `by` bytes further on. What holds no span (a tree, a JSON value) is shared."""
    if not by:
        return value
    move = _MOVES.get(type(value))
    return value if move is None else move(value, by)


def moved_findings(found: Iterable[Diagnostic], by: int) -> Iterable[Diagnostic]:
    """The diagnostics, `by` bytes further on."""
    if not by:
        return found
    return [
        Diagnostic(
            one.code,
            moved_span(one.span, by),
            one.message,
            one.severity,
            one.fix and Fix(one.fix.title, moved_span(one.fix.span, by), one.fix.text),
            tuple(Related(moved_span(at.span, by), at.message) for at in one.related),
        )
        for one in found
    ]


def moved_span(span: Span, by: int) -> Span:
    """A range, `by` bytes further on."""
    return Span(span.start + by, span.end + by)


def _parts(kind: type) -> Callable[[Any, int], Any]:
    names = tuple(one.name for one in fields(kind))

    def move(value: Any, by: int) -> Any:
        parts = []
        for name in names:
            part = getattr(value, name)
            inner = _MOVES.get(type(part))
            parts.append(part if inner is None else inner(part, by))
        return kind(*parts)

    return move


def _items(value: tuple[Any, ...], by: int) -> tuple[Any, ...]:
    return tuple([moved(one, by) for one in value])


_MOVES: dict[type, Callable[[Any, int], Any]] = {
    Span: moved_span,
    SegmentMap: SegmentMap.moved,
    tuple: _items,
    **{
        kind: _parts(kind)
        for kind in (
            model.Agent,
            model.Ask,
            model.Block,
            model.Branch,
            model.Code,
            model.CommandTarget,
            model.Fields,
            model.Fork,
            model.Items,
            model.LlmTarget,
            model.Name,
            model.PythonTarget,
            model.Route,
            model.Rule,
            model.ScriptedTarget,
            model.Stage,
            model.StateKey,
            model.Text,
            model.Tool,
        )
    },
}
