"""A user may call a module that."""


def handle():
    return "mine"
