"""`# pointsman: allow[code] reason` on the line above takes a diagnostic away; one in vain is a hint."""

from collections.abc import Iterable
from re import MULTILINE, Match
from re import compile as regex

from pointsman.language.diagnostics import Diagnostic, Fix, Severity
from pointsman.language.source import Source, Span
from pointsman.language.tree import Mapping, Node, Scalar, Sequence, Tree

_ALLOW = regex(rb"^[ \t]*(# *pointsman: *allow\[([^\]\r\n]*)\][^\r\n]*)", MULTILINE)
_MARK = b"\xef\xbb\xbf"

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
                kept.append(unused_suppression(source, comment, code))
            found = kept
    return found


def unused_suppression(source: Source, comment: Match[bytes], code: str) -> Diagnostic:
    """A comment that allows what does not happen on the next line."""
    codes = [part.strip() for part in source.text(Span(*comment.span(2))).split(",")]
    others = [part for part in codes if part != code]
    if others:
        fix = Fix(f"Remove {code} from the comment", Span(*comment.span(2)), ", ".join(others))
    else:
        line = source.line_at(comment.start())
        end = source.line_starts[line + 1] if line + 1 < len(source.line_starts) else comment.end()
        fix = Fix("Remove the comment", Span(comment.start(), end), "")
    message = f"the next line has no {code} to allow"
    return Diagnostic("unused_suppression", Span(*comment.span(1)), message, Severity.HINT, fix)


def allowing(tree: Tree, found: Diagnostic) -> Fix | None:
    """The comment that takes a finding away; None where it may not be taken, or no comment can stand."""
    if not _allowable(found.code) or found.code == "unused_suppression":
        return None
    source = tree.source
    line = source.line_at(found.span.start)
    start = source.line_starts[line]
    if line == 0 and source.data.startswith(_MARK):
        start = len(_MARK)
    title = f"Allow {found.code} here"
    above = _ALLOW.match(source.data, source.line_starts[line - 1], start) if line else None
    if above is not None and not _in_text(tree, above.start(1)):
        codes = above[2].decode("utf-8", "replace").strip(", ")
        return Fix(title, Span(*above.span(2)), f"{codes}, {found.code}" if codes else found.code)
    if _in_text(tree, start):
        return None
    text = source.data[start : found.span.end]
    indent = text[: len(text) - len(text.lstrip(b" \t"))].decode()
    return Fix(title, Span(start, start), f"{indent}# pointsman: allow[{found.code}]\n")


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
