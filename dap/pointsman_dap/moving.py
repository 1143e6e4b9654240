"""Lines of a text that was edited since a run began with it: which line now is which line then.

Lines that are as they were are found by their text, and the line of a stage, its agent, a route or a rule by what it
is the line of, whatever else is on it now.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher

from pointsman.language import model
from pointsman.language.analysis import Files, analyse
from pointsman.language.source import Source, Span

MOST = 4000
"""Changed lines that are compared: matching takes time by their square, and such a text is another one."""


def same_lines(then: Source, now: Source) -> dict[int, int]:
    """For each line of the text as it is now that is in the older one too, that line's number there; from 0."""
    old, new = then.data.splitlines(), now.data.splitlines()
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    found = {line: line for line in range(start)}
    found |= {len(new) - 1 - back: len(old) - 1 - back for back in range(end)}
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if len(middle_old) + len(middle_new) <= MOST:
        for block in SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_matching_blocks():
            found |= {start + block.b + step: start + block.a + step for step in range(block.size)}
    was, taken = _nodes(then), set(found.values())
    for node, line in _nodes(now).items():
        if line not in found and was.get(node, line) not in taken and node in was:
            found[line] = was[node]
            taken.add(was[node])
    return found


Node = tuple[str, ...]


def _nodes(source: Source) -> dict[Node, int]:
    """The lines, from 0, of all that a breakpoint can stand on, by what it is."""
    read = analyse(source, Files({}))
    found: dict[Node, int] = {}
    for node, span in _spans(read.pipelines, read.policies):
        found.setdefault(node, source.line_at(span.start))
    return found


def _spans(pipelines: tuple[model.Pipeline, ...], policies: tuple[model.Policy, ...]) -> Iterator[tuple[Node, Span]]:
    for pipeline in pipelines:
        yield from _of_block((pipeline.name,), pipeline.root)
    for policy in policies:
        yield from (((policy.name, "rule", rule.id), rule.span) for rule in policy.rules)


def _of_block(path: Node, block: model.Block) -> Iterator[tuple[Node, Span]]:
    for stage in block.stages:
        here = *path, stage.name
        yield here, stage.name_span
        for kind, part in (("agent", stage.agent), ("ask", stage.ask)):
            if part is not None:
                yield (*here, kind), part.span
        for kind, routes in (("route", stage.routes), ("on_error", stage.on_error)):
            yield from (((*here, kind, route.to.name, route.label), route.span) for route in routes or ())
        for branch in stage.fork.branches if stage.fork else ():
            yield from _of_block((*here, branch.name), branch.block)
