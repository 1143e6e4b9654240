"""Facts in, decision out: policies are evaluated here, and nowhere is one called from the kernel."""

from pointsman.policy.evaluate import Facts, LoadedPolicy, Verdict, decide, load_policy

__all__ = ["Facts", "LoadedPolicy", "Verdict", "decide", "load_policy"]
