"""Agents that behave."""

import asyncio
import dataclasses
import enum
import os
import sys
import threading
import typing
from pathlib import Path


def noop():
    return None


def echo(value=None):
    return value


def add(left: int, right: int = 1) -> int:
    return left + right


async def slow_add(left, right):
    await asyncio.sleep(0)
    return left + right


def wrapped(*args, **kwargs):
    """An `async def` behind a `def`, as decorators make them."""
    return slow_add(*args, **kwargs)


def where():
    return {"pid": os.getpid(), "thread": threading.current_thread().name, "python": list(sys.version_info[:2])}


def thread():
    return threading.get_native_id()


class Colour(str, enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float
    tags: typing.Tuple[str, ...] = ("a",)


class Model:
    """Looks like pydantic's."""

    def model_dump(self, mode="python"):
        return {"mode": mode, "inner": Point(2.0)}


def rich():
    return {"point": Point(1.5), "model": Model(), "colour": Colour.RED, "pair": (1, None), "long": 2**70, "ä": "ö"}


class Method:
    @staticmethod
    def run(value):
        return value * 2


def talk():
    print("one")
    print("two", file=sys.stderr)
    os.write(1, b"three\n")
    os.system("echo four")
    sys.stdout.write("five")


def flood():
    for number in range(200_000):
        print("line", number)


def deface():
    """Everything rude to do to a process that goes on."""
    os.chdir("/")
    os.environ["DEFACED"] = "yes"
    sys.stdout.close()
    sys.stderr = None
    sys.argv.append("x")
    os.close(1)


def look():
    print("still heard")
    return {"cwd": os.getcwd(), "environ": os.environ.get("DEFACED"), "argv": sys.argv}


def read_stdin():
    return [sys.stdin.read(), os.read(0, 10).decode()]


def wait_for(path):
    """Until a file is there: the test decides when this ends."""
    import time

    while not Path(path).exists():
        time.sleep(0.002)
    return Path(path).read_text()


def note(path, text):
    with open(path, "a") as file:
        file.write(text + "\n")


def sized(size):
    return "x" * size


def path():
    return [os.environ.get("PYTHONPATH"), sys.path[:2]]
