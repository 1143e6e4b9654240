"""The exit codes (LANGUAGE section 2): what a script learns from a command without reading a word."""

COMPLETED = 0
FAILED = 1
USAGE = 2
LIMIT = 3
DENIED = 4
PARKED = 5
CANCELLED = 130

_BY_OUTCOME = {
    "completed": COMPLETED,
    "failed": FAILED,
    "limit": LIMIT,
    "denied": DENIED,
    "cancelled": CANCELLED,
    "": PARKED,
}


def of(outcome: str) -> int:
    """The exit code of a run's outcome; empty is a run that waits for a person."""
    return _BY_OUTCOME[outcome]
