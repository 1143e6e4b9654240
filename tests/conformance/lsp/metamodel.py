"""Any message a server sends, held against the protocol's own meta model: types, enumerations, results, errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Json = Any

FILE = Path(__file__).with_name("metamodel-3.18.json")
_MISSING: Json = object()
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(slots=True)
class Report:
    """What is wrong with a message (`problems`), and what is merely more than the model knows (`notes`)."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take over what another report found."""
        self.problems += other.problems
        self.notes += other.notes


@cache
def metamodel() -> MetaModel:
    """The model of the file beside this module."""
    return MetaModel(json.loads(FILE.read_text("utf-8")))


class MetaModel:
    """The meta model, indexed by name."""

    def __init__(self, model: Json) -> None:
        self.requests = {one["method"]: one for one in model["requests"]}
        self.notifications = {one["method"]: one for one in model["notifications"]}
        self._structures = {one["name"]: one for one in model["structures"]}
        self._aliases = {one["name"]: one["type"] for one in model["typeAliases"]}
        self._enumerations = {one["name"]: one for one in model["enumerations"]}
        self._properties: dict[str, dict[str, Json]] = {}
        self._codes = {
            one["value"] for name in ("ErrorCodes", "LSPErrorCodes") for one in self._enumerations[name]["values"]
        }

    def from_server(self, message: Json, method: str | None = None) -> Report:
        """Check what a server sent; `method` is that of the request a response answers, if it is known."""
        report = Report()
        if not isinstance(message, dict):
            report.problems.append(f"a message is an object, this is {_short(message)}")
            return report
        if message.get("jsonrpc") != "2.0":
            report.problems.append('"jsonrpc" is not "2.0"')
        if "method" in message:
            self._call(message, report)
        else:
            self._response(message, method, report)
        return report

    def check(self, value: Json, kind: Json, path: str) -> Report:
        """A value against a type of the model; `path` says where it stands."""
        match kind["kind"]:
            case "base":
                return _base(value, kind["name"], path)
            case "reference":
                return self._reference(value, kind["name"], path)
            case "array":
                return self._items(value, kind["element"], path)
            case "tuple":
                return self._tuple(value, kind["items"], path)
            case "map":
                return self._map(value, kind, path)
            case "or":
                return self._either(value, kind["items"], path)
            case "and":
                return self._both(value, kind["items"], path)
            case "literal":
                return self._object(value, {one["name"]: one for one in kind["value"]["properties"]}, path)
            case "stringLiteral" | "integerLiteral" | "booleanLiteral":
                return _expect(value == kind["value"], value, path, f"{kind['value']!r}")
            case other:
                raise ValueError(f"the model has a kind of type that is not known here: {other}")

    def _call(self, message: Json, report: Report) -> None:
        method = message["method"]
        known, what = (self.requests, "request") if "id" in message else (self.notifications, "notification")
        if not isinstance(method, str):
            report.problems.append(f"method: expected a string, found {_short(method)}")
            return
        if "id" in message:
            report.add(_id(message["id"], null=False))
        extra = sorted(set(message) - {"jsonrpc", "id", "method", "params"})
        report.notes += [f"{method}: unknown member {name}" for name in extra]
        if (entry := known.get(method)) is None:
            other = self.notifications if known is self.requests else self.requests
            if method in other:
                report.problems.append(f"{method} is no {what}")
            else:
                report.notes.append(f"{what} {method} is the server's own")
            return
        if entry["messageDirection"] == "clientToServer":
            report.problems.append(f"{method} goes from client to server")
        if "params" not in entry:
            if message.get("params") is not None:
                report.notes.append(f"{method} has no params")
        else:
            report.add(self.check(message.get("params"), entry["params"], f"{method} params"))

    def _response(self, message: Json, method: str | None, report: Report) -> None:
        where = f"{method} result" if method else "response"
        extra = sorted(set(message) - {"jsonrpc", "id", "result", "error"})
        report.notes += [f"{where}: unknown member {name}" for name in extra]
        if "id" not in message:
            report.problems.append(f"{where}: a response has an id")
        else:
            report.add(_id(message["id"], null="error" in message))
        if "error" in message:
            if "result" in message:
                report.problems.append(f"{where}: both a result and an error")
            report.add(self._error(message["error"], method))
        elif "result" not in message:
            report.problems.append(f"{where}: neither a result nor an error")
        elif method in self.requests:
            report.add(self.check(message["result"], self.requests[method]["result"], where))

    def _error(self, error: Json, method: str | None) -> Report:
        report = Report()
        where = f"{method} error" if method else "error"
        if not isinstance(error, dict):
            report.problems.append(f"{where}: expected an object, found {_short(error)}")
            return report
        code = error.get("code", _MISSING)
        report.add(_base(code, "integer", f"{where}.code"))
        report.add(_base(error.get("message", _MISSING), "string", f"{where}.message"))
        if isinstance(code, int) and -32899 <= code <= -32000 and code not in self._codes:
            report.notes.append(f"{where}.code {code} is in a reserved range and not defined")
        report.notes += [f"{where}: unknown member {name}" for name in sorted(set(error) - {"code", "message", "data"})]
        entry = self.requests.get(method or "", {})
        if "data" in error and "errorData" in entry:
            report.add(self.check(error["data"], entry["errorData"], f"{where}.data"))
        return report

    def _reference(self, value: Json, name: str, path: str) -> Report:
        match name:
            case "LSPAny":
                return Report()
            case "LSPObject":
                return _expect(isinstance(value, dict), value, path, "an object")
            case "LSPArray":
                return _expect(isinstance(value, list), value, path, "an array")
        if name in self._aliases:
            return self.check(value, self._aliases[name], path)
        if name in self._structures:
            return self._object(value, self._all_properties(name), path)
        enumeration = self._enumerations[name]
        report = self.check(value, enumeration["type"], path)
        values = [one["value"] for one in enumeration["values"]]
        # Custom values are for sets that are open; a code action kind may also go on after a dot.
        if not report.problems and value not in values and not enumeration.get("supportsCustomValues"):
            report.problems.append(f"{path}: {value!r} is no {name}")
        return report

    def _all_properties(self, name: str) -> dict[str, Json]:
        if (known := self._properties.get(name)) is None:
            structure = self._structures[name]
            known = {}
            for base in (*structure.get("extends", ()), *structure.get("mixins", ())):
                known |= self._all_properties(base["name"])
            known |= {one["name"]: one for one in structure["properties"]}
            self._properties[name] = known
        return known

    def _object(self, value: Json, properties: dict[str, Json], path: str) -> Report:
        report = _expect(isinstance(value, dict), value, path, "an object")
        if report.problems:
            return report
        for name, one in properties.items():
            if name in value:
                report.add(self.check(value[name], one["type"], f"{path}.{name}"))
            elif not one.get("optional"):
                report.problems.append(f"{path}: {name} is missing")
        report.notes += [f"{path}: unknown property {name}" for name in sorted(set(value) - set(properties))]
        return report

    def _items(self, value: Json, element: Json, path: str) -> Report:
        report = _expect(isinstance(value, list), value, path, "an array")
        if not report.problems:
            for i, one in enumerate(value):
                report.add(self.check(one, element, f"{path}[{i}]"))
        return report

    def _tuple(self, value: Json, items: list[Json], path: str) -> Report:
        report = _expect(isinstance(value, list) and len(value) == len(items), value, path, f"{len(items)} items")
        if not report.problems:
            for i, (one, kind) in enumerate(zip(value, items, strict=True)):
                report.add(self.check(one, kind, f"{path}[{i}]"))
        return report

    def _map(self, value: Json, kind: Json, path: str) -> Report:
        report = _expect(isinstance(value, dict), value, path, "an object")
        if not report.problems:
            for key, one in value.items():
                report.add(self.check(key, kind["key"], f"{path} key"))
                report.add(self.check(one, kind["value"], f"{path}[{key!r}]"))
        return report

    def _either(self, value: Json, items: list[Json], path: str) -> Report:
        """The item that fits best: no problem before few, few notes before many."""
        return min(
            (self.check(value, item, path) for item in items),
            key=lambda report: (len(report.problems), len(report.notes)),
        )

    def _both(self, value: Json, items: list[Json], path: str) -> Report:
        reports = [self.check(value, item, path) for item in items]
        # What one side does not know, the other may.
        notes = set.intersection(*({*report.notes} for report in reports)) if reports else set()
        return Report([one for report in reports for one in report.problems], sorted(notes))


def _base(value: Json, name: str, path: str) -> Report:
    integer = isinstance(value, int) and not isinstance(value, bool)
    match name:
        case "null":
            return _expect(value is None, value, path, "null")
        case "boolean":
            return _expect(isinstance(value, bool), value, path, "a boolean")
        case "integer":
            return _expect(integer and -(2**31) <= value < 2**31, value, path, "an integer of 32 bits")
        case "uinteger":
            return _expect(integer and 0 <= value < 2**31, value, path, "an unsigned integer of 31 bits")
        case "decimal":
            return _expect(integer or isinstance(value, float), value, path, "a number")
        case "URI" | "DocumentUri":
            return _expect(isinstance(value, str) and bool(_SCHEME.match(value)), value, path, "a URI with a scheme")
        case _:
            return _expect(isinstance(value, str), value, path, "a string")


def _id(value: Json, null: bool) -> Report:
    fits = (isinstance(value, int | str) and not isinstance(value, bool)) or (null and value is None)
    return _expect(fits, value, "id", "an integer or a string")


def _expect(fits: bool, value: Json, path: str, what: str) -> Report:
    return Report() if fits else Report([f"{path}: expected {what}, found {_short(value)}"])


def _short(value: Json) -> str:
    if value is _MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
