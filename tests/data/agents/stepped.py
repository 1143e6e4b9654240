"""An agent to step in."""


def add(left, right):
    total = left
    total += doubled(right)
    return total


def doubled(number):
    twice = number * 2
    return twice
