"""A debugger without a protocol: where a run can stop, what it shows there, and how it goes on or back.

Laws: everything here is a function of states and events, so live and recorded runs are debugged by the same code;
nothing here calls an agent, a tool, a model or a policy.
"""
