"""The conformance tests of CEL judge our expressions; what is outside of our profile is named, with its reason."""

import math
from dataclasses import dataclass
from pathlib import Path

from engine.language.expressions.textproto import Message, read
from pointsman.language.expressions import (
    CelType,
    Duration,
    EvaluationError,
    Timestamp,
    UInt,
    compile_expression,
    parse,
)

SPEC = Path(__file__).parents[3] / "data" / "cel-spec"


class Unsupported(Exception):
    """The case speaks of values we have not: messages and enums."""


@dataclass(frozen=True)
class Case:
    name: str
    message: Message


def cases() -> list[Case]:
    """All cases as `file/section/name`; a name used twice in a section gets `#2`."""
    found: dict[str, Case] = {}
    for path in sorted(SPEC.glob("*.textproto")):
        for section in read(path.read_text("utf-8")).messages("section"):
            for test in section.messages("test"):
                base = name = f"{path.stem}/{section.text('name')}/{test.text('name')}"
                number = 1
                while name in found:
                    number += 1
                    name = f"{base}#{number}"
                found[name] = Case(name, test)
    return list(found.values())


def excluded() -> dict[str, str]:
    lines = (SPEC / "excluded.txt").read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def test_exactly_the_listed_cases_do_not_pass() -> None:
    every = cases()
    failures = {case.name: reason for case in every if (reason := failure(case.message))}
    listed = excluded()
    assert {name: reason for name, reason in failures.items() if name not in listed} == {}
    assert listed.keys() - failures.keys() == set()
    assert (len(every), len(failures)) == (1524, 224)


def failure(test: Message) -> str:
    """Why a case does not pass, or nothing."""
    try:
        scope = {one.text("key"): bound(one) for one in test.messages("bindings")}
        expected = wanted(test)
    except Unsupported as error:
        return f"unsupported: {error}"
    parsed = parse(test.text("expr"))
    refused = [one.message for one in parsed.problems if one.code in ("expression_syntax", "expression_regex")]
    try:
        if refused:
            raise EvaluationError("invalid_expression", refused[0])
        value = compile_expression(parsed.tree)(scope)
    except EvaluationError as error:
        return "" if expected is None and says_as_much(test, error) else f"{error.code}: {error.message}"
    if expected is None:
        return f"gave {value!r} instead of an error"
    return "" if same(value, expected[0]) else f"gave {value!r} instead of {expected[0]!r}"


def says_as_much(test: Message, error: EvaluationError) -> bool:
    """An error that we do not know a name proves nothing, unless the case is about that."""
    if error.code not in ("invalid_expression", "unknown_name", "unknown_function"):
        return True
    errors = test.message("eval_error")
    first = errors.message("errors") if errors else None
    return first is not None and first.text("message").split()[0] in ("undeclared", "unbound", "unknown")


def bound(binding: Message) -> object:
    outer = binding.message("value")
    inner = outer.message("value") if outer else None
    assert inner is not None
    return value_of(inner)


def wanted(test: Message) -> tuple[object] | None:
    """The expected value, or None when an error is expected; a case that says nothing expects true."""
    if test.message("eval_error") or test.message("any_eval_errors"):
        return None
    typed = test.message("typed_result")
    value = test.message("value") or (typed.message("result") if typed else None)
    return (value_of(value),) if value else (True,)


def value_of(value: Message) -> object:
    ((kind, content),) = value.fields
    if isinstance(content, Message):
        match kind:
            case "list_value":
                return [value_of(item) for item in content.messages("values")]
            case "map_value":
                return {
                    value_of(part(entry, "key")): value_of(part(entry, "value"))
                    for entry in content.messages("entries")
                }
            case "object_value":
                return object_of(content)
        raise Unsupported(kind)
    if isinstance(content, bytes):
        if kind == "bytes_value":
            return content
        return CelType(content.decode()) if kind == "type_value" else content.decode()
    match kind:
        case "null_value":
            return None
        case "bool_value":
            return content == "true"
        case "int64_value":
            return int(content, 0)
        case "uint64_value":
            return UInt(int(content, 0))
        case "double_value":
            return float(content)
    raise Unsupported(kind)


def part(entry: Message, name: str) -> Message:
    found = entry.message(name)
    assert found is not None
    return found


def object_of(content: Message) -> object:
    ((url, message),) = content.fields
    assert isinstance(message, Message)
    if url in ("[type.googleapis.com/google.protobuf.Timestamp]", "[type.googleapis.com/google.protobuf.Duration]"):
        nanos = int(message.text("seconds") or 0) * 10**9 + int(message.text("nanos") or 0)
        return Timestamp(nanos) if "Timestamp" in url else Duration(nanos)
    raise Unsupported(url.rsplit("/", 1)[-1].rstrip("]"))


def same(left: object, right: object) -> bool:
    """Equal, and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return (
            math.isnan(right)
            if math.isnan(left)
            else left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(key in right and same(value, right[key]) for key, value in left.items())
    return left == right
