"""Runs a loop of 1,000 stages in memory each time a line comes in, and says how many seconds of a core it took.

Started by `pairs`, with the engine to be measured first on its path.
"""

import gc
import sys
import tempfile
import time
from pathlib import Path

import engine


def main() -> None:
    """Until the end of input."""
    with tempfile.TemporaryDirectory() as name:
        loop = engine.Ours(Path(name), "loop", "memory", in_process=True)
        gc.disable()
        for _ in sys.stdin:
            gc.collect()
            begun = time.process_time()
            loop.run(1)
            print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main()
