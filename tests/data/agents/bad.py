"""Agents that do not behave."""

import asyncio
import ctypes
import math
import os
import re
import signal
import subprocess
import sys
import time

number = 7


def deeper():
    raise ValueError("no such thing")


def raises():
    deeper()


def raises_from():
    try:
        deeper()
    except ValueError as error:
        raise RuntimeError("outer") from error


class Flaky(Exception):
    pointsman_class = "transient"


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


def fails(how):
    raise {
        "connection": ConnectionResetError("reset"),
        "timeout": TimeoutError("slow"),
        "asyncio": asyncio.TimeoutError("slow"),
        "flaky": Flaky("again"),
        "unprintable": Unprintable(),
        "surrogate": ValueError("\ud800"),
        "interrupt": KeyboardInterrupt(),
        "stop": StopIteration(1),
    }[how]


async def fails_async(how):
    await asyncio.sleep(0)
    fails(how)


def leaves(how):
    if how == "sys":
        sys.exit(3)
    if how == "os":
        os._exit(4)
    if how == "clean":
        os._exit(0)
    if how == "segv":
        ctypes.string_at(0)
    if how == "abort":
        os.abort()
    if how == "stack":
        os.kill(os.getpid(), signal.SIGBUS)
    os.kill(os.getpid(), getattr(signal, how))


def strange(what):
    deep = []
    for _ in range(100_000):
        deep = [deep]
    loop = {}
    loop["loop"] = loop
    return {
        "set": {"items": [{"tags": {1}}]},
        "nan": math.nan,
        "inf": [-math.inf],
        "object": object(),
        "bytes": b"x",
        "key": {"a": {1: 2}},
        "generator": (x for x in ()),
        "surrogate": "\ud800",
        "deep": deep,
        "loop": loop,
        "huge": 10**5000,
        "class": dict,
    }[what]


def recurse():
    return recurse()


def sleep(seconds=60):
    time.sleep(seconds)


def stubborn():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    while True:
        time.sleep(60)


async def sleep_async(path=None):
    try:
        await asyncio.sleep(60)
    finally:
        if path:
            open(path, "w").close()


def spin(ctx):
    while not ctx.cancelled:
        time.sleep(0.002)
    return "clean"


def children():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(child.pid, flush=True)
    time.sleep(60)


def forks():
    if os.fork() == 0:
        return "from the child"
    return "from the parent"


def shouts():
    """Writes where it must not."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff\xff\xff\xff no frame")
        except OSError:
            continue
    time.sleep(60)


def cuts():
    os.closerange(3, 64)


def hog():
    """Holds the interpreter lock in C, for longer than anyone waits."""
    print("hogging", flush=True)
    re.match("(a+)+$", "a" * 64 + "b")


def last_words():
    os.write(2, b"last words\n")
    os.abort()
