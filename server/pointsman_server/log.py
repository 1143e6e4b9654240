"""The server's log: its standard error, which is a file beside the journal."""

import sys
import time


def log(text: str) -> None:
    """One line, with the time."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    sys.stderr.write(f"{stamp} {text}\n")
    sys.stderr.flush()
