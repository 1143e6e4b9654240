"""`# pointsman: allow[code] reason` on the line above takes a diagnostic away; one in vain is a hint."""

from collections.abc import Iterable
from re import MULTILINE
from re import compile as regex

from pointsman.language.diagnostics import Diagnostic, Fix, Severity
from pointsman.language.source import Source, Span
from pointsman.language.tree import Mapping, Node, Scalar, Sequence, Tree

_ALLOW = regex(rb"^[ \t]*(# *pointsman: *allow\[([^\]\r\n]*)\][^\r\n]*)", MULTILINE)

FIRM = frozenset({
    "toml_syntax", "expression_syntax", "expression_needs_quotes", "duplicate_key", "unknown_alias", "empty_file",
    "unknown_key", "missing_key", "wrong_type", "invalid_value", "invalid_name", "not_in_this_version",
    "wrong_language_version", "unknown_stage", "unknown_agent", "unknown_tool", "kind_conflict", "missing_kind",
})  # fmt: skip
"""Codes that are never taken away: what they speak of can not be run, whatever somebody thinks of it. Nor `yaml_*`."""


def suppressed(tree: Tree, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What is left of the diagnostics, and a hint for each code that was allowed in vain.

    Errors silence other findings, so while there is one, only what can never be allowed is known to be in vain.
    """
    source, found = tree.source, list(diagnostics)
    if b"pointsman:" not in source.data:
        return found
    damaged = any(one.severity is Severity.ERROR for one in found)
    for comment in _ALLOW.finditer(source.data):
        if _in_text(tree, comment.start(1)):
            continue
        line = source.line_at(comment.start(1)) + 1
        for code in (part.strip() for part in comment[2].decode("utf-8", "replace").split(",")):
            kept = [one for one in found if not (_may_go(one, code) and source.line_at(one.span.start) == line)]
            if len(kept) == len(found) and not (damaged and _allowable(code)):
                kept.append(unused_suppression(source, Span(*comment.span(1)), code))
            found = kept
    return found


def unused_suppression(source: Source, span: Span, code: str) -> Diagnostic:
    """A comment that allows what does not happen on the next line."""
    fix = Fix("Remove the comment", span, "")
    return Diagnostic("unused_suppression", span, f"the next line has no {code} to allow", Severity.HINT, fix)


def _may_go(one: Diagnostic, code: str) -> bool:
    return one.code == code and _allowable(code)


def _allowable(code: str) -> bool:
    return code not in FIRM and not code.startswith("yaml_")


def _in_text(tree: Tree, offset: int) -> bool:
    """Whether an offset lies inside of a scalar: then `#` is text."""
    waiting: list[Node] = [document.root for document in tree.documents]
    while waiting:
        node = waiting.pop()
        if not node.span.start <= offset < node.span.end:
            continue
        match node:
            case Scalar():
                return True
            case Mapping():
                waiting += [entry.value for entry in node.near(offset)]
            case Sequence():
                waiting += node.near(offset)
            case _:
                pass
    return False
