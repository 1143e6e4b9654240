"""The walk along the table of keys that comes by every name of a text, with all it may mean at its place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pointsman.language import schema
from pointsman.language.agents import SCRIPTED
from pointsman.language.expressions import is_template
from pointsman.language.lexical import Definition, Foreign, Kind, Targets, Where, get, names_in, part
from pointsman.language.scalars import segments
from pointsman.language.schema import Shape
from pointsman.language.source import Source, Span
from pointsman.language.tree import Alias, Entry, Mapping, Missing, Node, Scalar, Sequence, resolve

_ENDS = ("end", "fail")
NAMED: dict[str, Kind] = {
    "stage": "stage", "branch": "branch", "agent": "agent", "tool": "tool", "state key": "state", "reason": "reason",
    "list": "list",
}  # fmt: skip
# The parser stops at 64 levels; aliases can lead to any depth, and Python's stack has an end.
_DEEPEST = 80


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name at its place, without quotes, and all it may mean there; none when nothing has that name.

    `file` is the prompt it stands in, by its path as written; "" is the text itself.
    """

    name: str
    span: Span
    targets: Targets
    defines: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Where to look: `within(start, end)` says whether a range is of interest, `mentions` whether a text is."""

    within: Callable[[int, int], bool]
    mentions: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk through one document; `seen` has the values that were come to through aliases, each with its block."""

    source: Source
    search: Search
    seen: set[tuple[Span, int]]

    def value(self, node: Node, shape: Shape, where: Where, depth: int) -> Iterator[Occurrence]:
        """A value that has this shape."""
        if isinstance(node, Alias):
            yield from self.alias(node, lambda target: self.value(target, shape, where, depth + 1), where, depth)
            return
        yield from self.anchor(node)
        match shape, node:
            case schema.Of(section=name), Mapping():
                yield from self.section(node, name, where, depth)
            case schema.Named(), Mapping():
                yield from self.named(node, shape, where, depth)
            case schema.Many(item=item), Sequence():
                for one in self.items(node):
                    yield from self.value(one, item, where, depth)
            case schema.Either(shapes=shapes), _:
                for option in shapes:
                    if _fits(option, node):
                        yield from self.value(node, option, where, depth)
                        return
            case schema.Reference(to=to), Scalar():
                yield from self.reference(node, to, where)
            case schema.Expression(), Scalar():
                yield from self.code(node, where)
            case schema.Rendered(), _:
                yield from self.rendered(node, where, depth)
            case schema.Schema(), _:
                yield from self.contract(node, where, "field", depth)
            case _:
                yield from self.inside(node, depth)

    def section(self, node: Mapping, name: str, where: Where, depth: int) -> Iterator[Occurrence]:
        """A mapping with known keys."""
        table = schema.SECTIONS[name]
        if name == "state":
            # The other keys of a state key make up a JSON Schema.
            yield from self.contract(node, where, "field", depth + 1)
        for entry in self.entries(node):
            if entry.key.text == "<<" and entry.key.style == "plain":
                yield from self.merged(entry.value, schema.Of(name), where, depth)
                continue
            field = table.by_name.get(entry.key.text)
            shape = field.shape if field else None
            match name, entry.key.text:
                case "pipeline", "stages":
                    yield from self.value(entry.value, _STAGES, replace(where, block=where.main), depth)
                case "pipeline", "output":
                    yield from self.value(entry.value, schema.Rendered(), replace(where, block=where.main), depth)
                case "pipeline", "input":
                    yield from self.anchor(entry.value)
                    yield from self.contract(entry.value, where, "input", depth)
                case "branch", "output":
                    yield from self.value(entry.value, schema.Rendered(), replace(where, stage=None), depth)
                case (("stage" | "branch"), "with"):
                    yield from self.arguments(entry.value, where, depth)
                case (("stage" | "branch"), "result") if where.stage and get(where.stage, "fork"):
                    yield from self.anchor(entry.value)
                    yield from self.contract(entry.value, where, "field", depth, get(where.stage, "fork"))
                case (("stage" | "branch"), "set"):
                    yield from self.written(entry.value, where, depth)
                case (("agent" | "tool"), "python"):
                    yield from self.python(entry.value)
                case "llm", "model":
                    yield from self.replies(entry.value)
                case "rule", "reason":
                    yield from self.reason(entry.value, where)
                case _ if shape is None:
                    yield from self.inside(entry.value, depth)
                case _:
                    yield from self.value(entry.value, shape, where, depth)

    def named(self, node: Mapping, shape: schema.Named, where: Where, depth: int) -> Iterator[Occurrence]:
        """A mapping with names of somebody's choice: what they name is defined here."""
        kind = NAMED[shape.what]
        for entry in self.entries(node):
            if entry.key.text == "<<" and entry.key.style == "plain":
                yield from self.merged(entry.value, shape, where, depth)
                continue
            inside = where
            single = kind == "stage" and where.block and where.block.only
            match kind:
                case "stage":
                    inside = replace(where, stage=entry.value)
                case "branch" if where.block:
                    block = where.block.of_branch(entry)
                    inside = replace(where, block=block, stage=entry.value if block.only else None)
                case "agent" | "tool":
                    inside = replace(where, worker=entry.key.text if kind == "agent" else "")
            if not single:
                yield from self.defined(entry, kind, where)
            yield from self.value(entry.value, shape.value, inside, depth)

    def defined(self, entry: Entry, kind: Kind, where: Where) -> Iterator[Occurrence]:
        """The key of an entry, as the place where something is defined."""
        if self.search.within(entry.key.span.start, entry.key.span.end):
            for target in where.define(kind, entry):
                assert isinstance(target, Definition)
                yield Occurrence(target.name, target.span, (target,), True)

    def reference(self, node: Scalar, to: str, where: Where) -> Iterator[Occurrence]:
        """A name that stands alone as a value."""
        name = node.text
        match to:
            case "target" | "stage" if name in _ENDS:
                return
            case "target" | "stage":
                yield from self.whole(node, where.stage_of(where.block, name) if where.block else ())
            case "agent" | "tool":
                yield from self.whole(node, where.named("agents" if to == "agent" else "tools", name))
            case "branch":
                fork = get(where.stage, "fork")
                branch = get(fork.value, name) if fork else None
                yield from self.whole(node, where.define("branch", branch) if branch else ())
            case "prompt":
                yield from self.whole(node, (Foreign("prompt", name),))
            case _:
                yield from self.whole(node, (Foreign("policy", name),))

    def whole(self, node: Scalar, targets: Targets) -> Iterator[Occurrence]:
        """A scalar that is one name."""
        span = part(self.source, node, 0, len(node.text)) if node.text and not node.broken else None
        if span:
            yield Occurrence(node.text, span, targets)

    def python(self, node: Node) -> Iterator[Occurrence]:
        """`module:function`: two places."""
        node = resolve(node)
        if not isinstance(node, Scalar) or node.broken:
            return
        module, _, name = node.text.partition(":")
        for text, start, target in (
            (module, 0, Foreign("module", module)),
            (name, len(module) + 1, Foreign("function", node.text)),
        ):
            span = part(self.source, node, start, start + len(text)) if text else None
            if span:
                yield Occurrence(text, span, (target,))

    def replies(self, node: Node) -> Iterator[Occurrence]:
        """The file a scripted model answers from."""
        node = resolve(node)
        if not isinstance(node, Scalar) or node.broken or not node.text.startswith(SCRIPTED):
            return
        rest = node.text.removeprefix(SCRIPTED)
        path, start = rest.strip(), len(node.text) - len(rest.lstrip())
        span = part(self.source, node, start, start + len(path)) if path else None
        if span:
            yield Occurrence(path, span, (Foreign("replies", path),))

    def reason(self, node: Node, where: Where) -> Iterator[Occurrence]:
        """The reason a rule gives, one of those the policy declares."""
        node = resolve(node)
        if isinstance(node, Scalar):
            entry = get(where.top("reasons"), node.text)
            yield from self.whole(node, where.define("reason", entry) if entry else ())

    def arguments(self, node: Node, where: Where, depth: int) -> Iterator[Occurrence]:
        """`with`: its keys are what `args` has."""
        found = resolve(node)
        for entry in self.entries(found) if isinstance(found, Mapping) and not isinstance(node, Alias) else ():
            yield from self.defined(entry, "argument", where)
        yield from self.value(node, schema.Rendered(), where, depth)

    def written(self, node: Node, where: Where, depth: int) -> Iterator[Occurrence]:
        """`set`: its keys are those of `state`."""
        found = resolve(node)
        for entry in self.entries(found) if isinstance(found, Mapping) else ():
            declared = get(where.top("state"), entry.key.text)
            yield from self.whole(entry.key, where.define("state", declared) if declared else ())
        yield from self.value(node, schema.Rendered(), where, depth)

    def contract(
        self, node: Node, where: Where, kind: Kind, depth: int, fork: Entry | None = None
    ) -> Iterator[Occurrence]:
        """A JSON Schema: `properties` defines names, `required` refers to them; of a fork both speak of branches."""
        properties, required = get(node, "properties"), get(node, "required")
        names = resolve(properties.value) if properties else None
        for entry in self.entries(names) if isinstance(names, Mapping) else ():
            branch = get(fork.value, entry.key.text) if fork else None
            if branch:
                yield from self.whole(entry.key, where.define("branch", branch))
            else:
                yield from self.defined(entry, kind, where)
            if depth < _DEEPEST and not isinstance(entry.value, Alias):
                yield from self.contract(entry.value, where, "field", depth + 1)
        listed = resolve(required.value) if required else None
        for item in self.items(listed) if isinstance(listed, Sequence) else ():
            if isinstance(item, Scalar):
                entry_of = get(fork.value, item.text) if fork else None
                known = entry_of or (get(properties.value, item.text) if properties else None)
                if known:
                    yield from self.whole(item, where.define("branch" if entry_of else kind, known))
        if depth == 0 or isinstance(node, Alias):
            yield from self.inside(node, depth)

    def rendered(self, node: Node, where: Where, depth: int) -> Iterator[Occurrence]:
        """A JSON value whose strings may be templates."""
        match node:
            case Alias():
                yield from self.alias(node, lambda target: self.rendered(target, where, depth + 1), where, depth)
            case Scalar(value=str(), text=text) if is_template(text):
                yield from self.code(node, where)
            case Mapping():
                for entry in self.entries(node):
                    yield from self.anchor(entry.value)
                    yield from self.rendered(entry.value, where, depth)
            case Sequence():
                for item in self.items(node):
                    yield from self.anchor(item)
                    yield from self.rendered(item, where, depth)
            case _:
                pass

    def code(self, node: Scalar, where: Where) -> Iterator[Occurrence]:
        """An expression, bare or in the holes of a template."""
        text = node.text
        if not self.search.mentions(text):
            return
        found = list(names_in(text, where))
        if found:
            places = segments(self.source, node)
            for name, start, end, targets in found:
                yield Occurrence(name, places.span(start, end), targets)

    def alias(
        self, node: Alias, follow: Callable[[Node], Iterator[Occurrence]], where: Where, depth: int
    ) -> Iterator[Occurrence]:
        """`*name`, and what it stands for as it is read here."""
        target, span = node.target, Span(node.span.start + 1, node.span.end)
        if self.search.within(node.span.start, node.span.end):
            anchored = () if target is None else self.anchored(target)
            yield Occurrence(node.name, span, anchored)
        block = where.block.node or (where.block.only and where.block.only.value) if where.block else None
        key = (target.span, block.span.start if block else -1) if target else None
        if target and key and key not in self.seen and depth < _DEEPEST:
            self.seen.add(key)
            yield from follow(target)

    def merged(self, node: Node, shape: Shape, where: Where, depth: int) -> Iterator[Occurrence]:
        """What a merge key brings, read where it is brought to."""
        for one in node.items if isinstance(node, Sequence) else (node,):
            if isinstance(one, Alias | Mapping):
                yield from self.value(one, shape, where, depth)

    def anchor(self, node: Node) -> Iterator[Occurrence]:
        """`&name` before a value."""
        for target in self.anchored(node):
            if self.search.within(target.span.start, target.span.end):
                yield Occurrence(target.name, target.span, (target,), True)

    def anchored(self, node: Node) -> tuple[Definition, ...]:
        """The anchor of a value: the last such word before it."""
        name = None if isinstance(node, Alias | Missing) else node.anchor
        if not name:
            return ()
        word, at = b"&" + name.encode(), node.span.start
        while (at := self.source.data.rfind(word, 0, at)) >= 0:
            end = at + len(word)
            if self.source.data[end : end + 1] in (b"", b" ", b"\t", b"\r", b"\n", b",", b"]", b"}"):
                return (Definition("anchor", name, Span(at + 1, end), Span(at, node.span.end)),)
        return ()

    def inside(self, node: Node, depth: int) -> Iterator[Occurrence]:
        """Values that hold no names but those of anchors."""
        match node:
            case Alias(span=span, name=name, target=target) if self.search.within(span.start, span.end):
                anchored = () if target is None else self.anchored(target)
                yield Occurrence(name, Span(span.start + 1, span.end), anchored)
            case Mapping() if depth < _DEEPEST:
                for entry in self.entries(node):
                    yield from self.anchor(entry.value)
                    yield from self.inside(entry.value, depth + 1)
            case Sequence() if depth < _DEEPEST:
                for item in self.items(node):
                    yield from self.anchor(item)
                    yield from self.inside(item, depth + 1)
            case _:
                pass

    def entries(self, node: Mapping) -> Iterator[Entry]:
        """The entries that a search is interested in."""
        within = self.search.within
        for entry in node.entries:
            if within(entry.key.span.start, max(entry.key.span.end, entry.value.span.end)):
                yield entry

    def items(self, node: Sequence) -> Iterator[Node]:
        """The items that a search is interested in, with the anchors before them."""
        before = node.span.start
        for item in node.items:
            if self.search.within(before, item.span.end):
                yield item
            before = item.span.end


_STAGES = schema.SECTIONS["pipeline"].by_name["stages"].shape


def _fits(shape: Shape, node: Node) -> bool:
    """Whether a value of this form is read as that one of several shapes."""
    match shape:
        case schema.Choice(words=words):
            return isinstance(node, Scalar) and node.text in words
        case schema.Of() | schema.Named():
            return isinstance(node, Mapping)
        case schema.Many():
            return isinstance(node, Sequence)
        case _:
            return isinstance(node, Scalar)
