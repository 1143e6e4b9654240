"""What a person types for a value: JSON, a file of it, or pairs of a name and a value."""

import json
import sys
from pathlib import Path
from typing import Any

from pointsman.errors import Misuse


def read_input(given: str | None, sets: list[str]) -> Any:
    """`--input` and then each `--set`; a value that is JSON is taken as JSON, anything else as text. Raises Misuse."""
    value: Any = {} if given is None else _json(_text(given), "--input")
    for pair in sets:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise Misuse("set_unreadable", f"--set {pair} is not KEY=VALUE", "Such as: --set base=HEAD~3")
        if not isinstance(value, dict):
            raise Misuse("set_without_mapping", "--set needs an input that is a mapping")
        _put(value, key.split("."), _loose(text))
    return value


def read_pairs(pairs: list[str], flag: str) -> dict[str, Any]:
    """`NAME=JSON` pairs. Raises Misuse."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise Misuse("answer_unreadable", f"{flag} {pair} is not STAGE=JSON")
        found[name] = _json(text, f"{flag} {name}")
    return found


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return sys.stdin.read() if given == "@-" else Path(given[1:]).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse("input_unreadable", f"{given[1:]} can not be read: {error}") from None


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Misuse("json_unreadable", f"{what} is no JSON: {error}", "Text goes in quotes: '\"text\"'") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _loose(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _put(value: dict[str, Any], keys: list[str], what: Any) -> None:
    for key in keys[:-1]:
        inner = value.setdefault(key, {})
        if not isinstance(inner, dict):
            raise Misuse("set_without_mapping", f"--set {'.'.join(keys)}: {key} is no mapping")
        value = inner
    value[keys[-1]] = what
