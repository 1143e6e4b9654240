"""Standard output that may be gone: a pipe whose reader has left, a full disk."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def surviving_output() -> Iterator[None]:
    """Whoever reads us may be gone: the run has ended as it has, and so do we."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        with suppress(OSError):
            sys.stderr.write(f"pointsman: the output could not be written: {error.strerror}\n")
        abandon_stdout()


def abandon_stdout() -> None:
    """Write to nowhere from here on, so that the exit's own flush has somewhere to go."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
