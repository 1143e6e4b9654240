"""Quick fixes: what puts a finding right, at its place or all over the file, from the analysis that is there.

The finding's own fix comes first, then what `CURES` knows for its code, then the comment that allows it. One is
preferred when it is the only one that mends, loses nothing that somebody wrote, and makes nothing up; those together
are what fixes all.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pointsman.language.diagnostics import Diagnostic, Fix
from pointsman.language.source import Span
from pointsman.language.suppressions import allowing
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import TextEdit, cures_keys, cures_names
from pointsman_lsp.features.inserting import style_of
from pointsman_lsp.features.kinds import FIX, FIX_ALL
from pointsman_lsp.features.mending import Case, Change, Cure, Mend

CURES: Mapping[str, Cure] = MappingProxyType(
    {
        "argument_mismatch": cures_names.argument_mismatch,
        "dead_route": cures_names.dead_route,
        "duplicate_key": cures_keys.duplicate_key,
        "empty_file": cures_keys.empty_file,
        "invalid_name": cures_keys.invalid_name,
        "kind_conflict": cures_keys.kind_conflict,
        "missing_catch_all": cures_names.missing_catch_all,
        "missing_key": cures_keys.missing_key,
        "missing_kind": cures_keys.missing_kind,
        "not_in_this_version": cures_keys.unwanted_key,
        "reason_unknown": cures_names.reason_unknown,
        "unknown_branch": cures_names.unknown_item,
        "unknown_file": cures_keys.near_file,
        "unknown_key": cures_keys.unwanted_key,
        "unknown_name": cures_names.unknown_name,
        "unknown_policy_file": cures_keys.near_file,
        "unknown_stage": cures_names.unknown_stage,
        "unknown_tool": cures_names.unknown_item,
        "unreachable_stage": cures_names.unneeded,
        "unused_agent": cures_names.unneeded,
        "unused_tool": cures_names.unneeded,
        "wrong_language_version": cures_keys.wrong_language_version,
        "wrong_type": cures_keys.wrong_type,
        "yaml_syntax": cures_keys.quotes,
        "yaml_tag": cures_keys.quotes,
    }
)
OF_DAMAGE = ("yaml_syntax", "yaml_tag")


@dataclass(frozen=True, slots=True)
class Action:
    """What a client may do to its texts. `findings` are those it puts right."""

    title: str
    kind: str
    findings: tuple[Diagnostic, ...]
    changes: tuple[Change, ...]
    preferred: bool = False


def fixes(document: Document, findings: Iterable[Diagnostic]) -> Iterator[Action]:
    """What can be done about each of these findings."""
    for found in findings:
        mends = ways(document, found)
        for one in mends:
            yield Action(one.title, FIX, (found,), one.changes, len(mends) == 1 and one.sure)
        allowed = allowing(document.analysis.tree, found)
        if allowed and not damaged(document):
            yield Action(allowed.title, FIX, (found,), ((document.path, document.source, [_edit(document, allowed)]),))


def fix_all(document: Document) -> Iterator[Action]:
    """All preferred fixes of a file that do not meet, as one."""
    mended: list[Diagnostic] = []
    edits: list[TextEdit] = []  # in order, and none meets another
    for found in document.analysis.diagnostics:
        mends = ways(document, found)
        if len(mends) != 1 or not mends[0].sure:
            continue
        new = [edit for _, _, theirs in mends[0].changes for edit in theirs]
        places = [bisect_left(edits, edit.span, key=lambda one: one.span) for edit in new]
        if all(edit in edits[at : at + 1] for edit, at in zip(new, places, strict=True)):
            mended.append(found)
        elif not any(_meet(edit, one) for edit, at in zip(new, places, strict=True) for one in _around(edits, at)):
            mended.append(found)
            for edit in new:
                insort(edits, edit, key=lambda one: one.span)
    if edits:
        yield Action("Fix all that is certain", FIX_ALL, tuple(mended), ((document.path, document.source, edits),))


def concerned(document: Document, span: Span, shown: Collection[tuple[Span, str]]) -> Iterator[Diagnostic]:
    """The findings that a selection or a cursor touches, and those that a client shows there, if they still are."""
    for one in document.analysis.diagnostics:
        if (one.span.start <= span.end and span.start <= one.span.end) or (one.span, one.message) in shown:
            yield one


def wanted(kind: str, only: Iterable[str] | None) -> bool:
    """Whether a client asked for this kind of action: for itself, for one above it, or for all."""
    return only is None or any(one in ("", kind) or kind.startswith(f"{one}.") for one in only)


def ways(document: Document, found: Diagnostic) -> list[Mend]:
    """All that puts a finding right."""
    case = Case(document, found)
    mends = list(case.mend(found.fix.title, _edit(document, found.fix), sure=True)) if found.fix else []
    cure = CURES.get(found.code)
    # The settings are TOML, which is written in another way.
    if cure is None or document.analysis.kind == "workspace":
        return mends
    if found.code in OF_DAMAGE or not damaged(document):
        mends += cure(case)
    return mends


def damaged(document: Document) -> bool:
    """Whether the parser stumbled somewhere. What belongs to what is a guess then: nothing is put in or taken out."""
    return any(one.code.startswith("yaml_") for one in document.analysis.diagnostics)


def _edit(document: Document, fix: Fix) -> TextEdit:
    """The edit of a fix, its lines broken as those of the file."""
    text = fix.text.replace("\r\n", "\n")
    return TextEdit(fix.span, text.replace("\n", style_of(document.source.data).newline) if "\n" in text else text)


def _around(edits: list[TextEdit], at: int) -> list[TextEdit]:
    """The edits beside a place among edits, those put in at the same offset with it."""
    last = at
    while last + 1 < len(edits) and edits[last].span == edits[last + 1].span:
        last += 1
    return edits[max(at - 1, 0) : last + 1]


def _meet(one: TextEdit, other: TextEdit) -> bool:
    """Whether two edits can not both be made. Lines that are put in at the same place can."""
    if one.span == other.span and one.span.start == one.span.end:
        return not all(edit.text.startswith(("\n", "\r")) or edit.text.endswith("\n") for edit in (one, other))
    return one.span.start <= other.span.end and other.span.start <= one.span.end
