"""Python's collector of cycles, kept from looking through every analysis again and again.

A model of ten thousand lines is a million objects, none of them in a cycle; looking through them all takes a third of a
second, in which nobody is answered. What is not used any more goes by itself, collector or not.
"""

import gc


def seldom() -> None:
    """Have a process of its own look through the whole heap a thousand times less often, the young as often as ever."""
    gc.set_threshold(1_000, 10, 1_000)


def keep() -> None:
    """Take all there is now for something that stays: it is not looked through again."""
    gc.freeze()
