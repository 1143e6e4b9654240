"""Agents of the executors' tests that behave."""

import asyncio
import dataclasses
import os
import sys
import threading


def noop():
    return None


def echo(value=None):
    return value


def add(left: int, right: int = 1) -> int:
    return left + right


async def slow_add(left, right):
    await asyncio.sleep(0)
    return left + right


def where():
    return {"pid": os.getpid(), "thread": threading.current_thread().name, "ident": threading.get_ident()}


def python():
    return list(sys.version_info[:2])
