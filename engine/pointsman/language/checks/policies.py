"""Rules of a policy."""

from pointsman.language.checks.context import Context, Findings
from pointsman.language.diagnostics import Diagnostic, Fix, did_you_mean, nearest


def reason_unknown(context: Context) -> Findings:
    """A rule whose reason is not in the list: people would read a code without a sentence."""
    for draft in context.policies:
        if "reasons" in draft.found.entries and draft.found.get("reasons") is None:
            continue
        known = [item.name.name for item in draft.found.get("reasons", ())]
        for rule in draft.rules:
            reason = rule.get("reason")
            if reason is None or reason in known:
                continue
            span, near = rule.at("reason"), nearest(reason, known)
            message = f"{reason} is not in `reasons`{did_you_mean(reason, known)}"
            fix = Fix(f"Change to {near}", span, near) if near else None
            yield Diagnostic("reason_unknown", span, message, fix=fix)
