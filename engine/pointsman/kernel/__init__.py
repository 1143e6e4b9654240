"""The state machine: pure, deterministic, sans-I/O. Start at `machine.py`."""
