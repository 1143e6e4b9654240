"""What can be wrong with a file that can be read: one function per code, named like it.

A check yields what it found. Three certainties: wrong for sure is an error, likely a warning, unknowable is silence.
Most look at one piece of the text and ask an environment about the rest; few look at a block or a document as a whole.
"""

from collections.abc import Callable, Iterator

from pointsman.language.checks import files, flow, names, policies, scopes, state, targets
from pointsman.language.checks.context import Context, Environment, Facts, Files, Findings, Whole, facts_of
from pointsman.language.checks.texts import secret_in_text
from pointsman.language.contents import Unit

__all__ = [
    "CHECKS",
    "Check",
    "Context",
    "Environment",
    "Facts",
    "Files",
    "Findings",
    "Whole",
    "check_unit",
    "check_whole",
    "facts_of",
    "secret_in_text",
]

Check = Callable[[Unit, Environment], Findings]

CHECKS: tuple[Check, ...] = (
    names.unknown_stage,
    names.unknown_branch,
    names.unknown_agent,
    names.unknown_tool,
    flow.dead_route,
    flow.missing_catch_all,
    state.bad_default,
    scopes.unknown_name,
    scopes.prompt_unknown_name,
    targets.bad_target,
    targets.unknown_callable,
    targets.argument_mismatch,
    files.unknown_file,
    files.bad_script,
    files.unknown_policy_file,
    policies.reason_unknown,
)
"""The checks of one piece of a text."""

_OF_PATHS = (flow.unreachable_stage, flow.no_path_to_end)
_OF_ALL = (names.unused_agent, names.unused_tool)


def check_unit(unit: Unit, env: Environment) -> Iterator[Findings]:
    """All that is wrong with one piece, in its own coordinates."""
    yield from (check(unit, env) for check in CHECKS)
    for paths in flow.inner_paths(unit):
        yield from (check(paths) for check in _OF_PATHS)


def check_whole(whole: Whole) -> Iterator[Findings]:
    """All that is wrong with a document and with none of its pieces alone."""
    yield from (check(whole) for check in _OF_ALL)
    paths = flow.outer_paths(whole)
    if paths:
        yield from (check(paths) for check in _OF_PATHS)
