"""Regular expressions in linear time: Google's RE2, loaded when the first pattern is met."""

from functools import lru_cache
from importlib import import_module
from typing import Any

from pointsman.language.expressions.values import EvaluationError


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[Any, str]:
    """The program of a pattern, or None and what is wrong with it."""
    re2 = import_module("re2")
    options = re2.Options()
    options.log_errors = False  # stderr belongs to the host
    try:
        return re2.compile(pattern, options), ""
    except UnicodeError:
        return None, "it holds a lone surrogate"
    except re2.error as error:
        reason = error.args[0]
        return None, reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def flaw(pattern: str) -> str:
    """What is wrong with a pattern, or ""."""
    return _compiled(pattern)[1]


def found(text: str, pattern: str) -> bool:
    """Whether the pattern occurs in the text; raises EvaluationError(invalid_argument) for a bad pattern."""
    program, reason = _compiled(pattern)
    if program is None:
        raise EvaluationError("invalid_argument", f"the pattern is no RE2 pattern: {reason}")
    try:
        return program.search(text) is not None
    except UnicodeError:
        raise EvaluationError("invalid_argument", "the text holds a lone surrogate and can not be searched") from None


def replaced(text: str, pattern: str, by: str) -> str | None:
    """The text with every match replaced, `by` as it stands; None for a bad pattern."""
    program, _ = _compiled(pattern)
    if program is None:
        return None
    clean = text.encode("utf-8", "replace").decode()
    return str(program.sub(lambda match: by, clean))
