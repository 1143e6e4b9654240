"""Rules of a policy."""

from pointsman.language.checks.context import Environment, Findings
from pointsman.language.contents import Unit
from pointsman.language.diagnostics import Diagnostic, Fix, did_you_mean, nearest
from pointsman.language.writing import written


def reason_unknown(unit: Unit, env: Environment) -> Findings:
    """A rule whose reason is not in the list: people would read a code without a sentence."""
    for _, rule in unit.content.rules:
        reason, known = rule.get("reason"), env.reasons()
        if reason is None or known is None or reason in known:
            continue
        span, near = rule.at("reason"), nearest(reason, known)
        message = f"{reason} is not in `reasons`{did_you_mean(reason, known)}"
        fix = Fix(f"Change to {near}", span, written(near)) if near else None
        yield Diagnostic("reason_unknown", span, message, fix=fix)
