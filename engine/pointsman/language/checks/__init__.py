"""What can be wrong with a file that can be read: one function per code, named like it.

A check yields what it found. Three certainties: wrong for sure is an error, likely a warning, unknowable is silence.
"""

from collections.abc import Callable

from pointsman.language.checks import files, flow, names, policies, scopes, state, targets, texts
from pointsman.language.checks.context import Context, Files, Findings

__all__ = ["CHECKS", "Check", "Context", "Files", "Findings"]

Check = Callable[[Context], Findings]

CHECKS: tuple[Check, ...] = (
    names.unknown_stage,
    names.unknown_branch,
    names.unknown_agent,
    names.unknown_tool,
    names.unused_agent,
    names.unused_tool,
    flow.unreachable_stage,
    flow.no_path_to_end,
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
    texts.secret_in_text,
)
