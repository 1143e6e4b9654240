"""The way through the tree to what a finding speaks of: each collection it lies in, and the entry or item it is in."""

from dataclasses import dataclass

from pointsman.language import schema
from pointsman.language.analysis import Analysis
from pointsman.language.schema import Section, Shape
from pointsman.language.shapes import inward, section_of
from pointsman.language.source import Span
from pointsman.language.tree import Entry, Mapping, Missing, Node, Sequence


@dataclass(frozen=True, slots=True)
class Step:
    """A collection of this shape, and the entry or item through which the way goes on."""

    holder: Mapping | Sequence
    part: Entry | Node
    shape: Shape | None

    @property
    def name(self) -> str:
        """The key of the entry; empty for an item."""
        return self.part.key.text if isinstance(self.part, Entry) else ""


@dataclass(frozen=True, slots=True)
class Trail:
    """The way to a place. It ends at `node`, of this shape; or, `at_key`, at the key of the last step's entry."""

    root: Node
    steps: tuple[Step, ...]
    node: Node
    shape: Shape | None
    at_key: bool

    @property
    def mapping(self) -> Mapping | None:
        """The mapping that a finding about missing keys speaks of: that of its first key, or the braces themselves."""
        if self.at_key and isinstance(self.steps[-1].holder, Mapping):
            return self.steps[-1].holder
        return self.node if isinstance(self.node, Mapping) else None

    @property
    def section(self) -> Section | None:
        """The table of keys of that mapping."""
        return section_of(self.steps[-1].shape if self.at_key else self.shape)


def trail(analysis: Analysis, span: Span) -> Trail:
    """The way to the smallest node that holds a span, or to the key that does."""
    node: Node = Missing(Span(0, 0))
    for document in analysis.tree.documents:
        if document.span.start <= span.start:
            node = document.root
    root, steps = node, list[Step]()
    shape: Shape | None = schema.Of(schema.ROOTS[analysis.kind])
    while True:
        match node:
            case Mapping():
                entry = next((one for one in node.near(span.start) if _holds(one.span, span)), None)
                if entry is None:
                    return Trail(root, tuple(steps), node, shape, False)
                inner, _ = inward(shape, entry.key.text)
                step = Step(node, entry, shape)
                if _holds(entry.key.span, span):
                    return Trail(root, (*steps, step), entry.value, inner, True)
                if not _holds(entry.value.span, span):
                    return Trail(root, tuple(steps), node, shape, False)
                steps.append(step)
                node, shape = entry.value, inner
            case Sequence():
                item = next((one for one in node.near(span.start) if _holds(one.span, span)), None)
                if item is None:
                    return Trail(root, tuple(steps), node, shape, False)
                steps.append(Step(node, item, shape))
                node, shape = item, inward(shape, 0)[0]
            case _:
                return Trail(root, tuple(steps), node, shape, False)


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
