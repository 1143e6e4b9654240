"""Keys of a pipeline's `state`."""

from pointsman.language.checks.context import Environment, Findings
from pointsman.language.contents import Unit
from pointsman.language.contracts import complaint
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.embedded import list_fix


def bad_default(unit: Unit, env: Environment) -> Findings:
    """A first value that the key itself would refuse. Null is no value yet, and nothing is said against it."""
    for key, found in unit.content.state:
        value = found.get("default") if found else None
        if found is None or value is None or not unit.sound(found.span):
            continue
        if found.get("merge") == "append" and not isinstance(value, list):
            message = f"`merge: append` adds to a list, and the default of {key.name} is none"
            fits = found.get("schema") is None or not complaint(found.get("schema"), [value])
            fix = list_fix(unit.source, found.entries["default"].value) if fits else None
            yield Diagnostic("bad_default", found.at("default"), message, fix=fix)
            continue
        schema = found.get("schema")
        against = None if schema is None else complaint(schema, value)
        if against:
            message = f"the default of {key.name} does not fit its schema: {against[:200]}"
            yield Diagnostic("bad_default", found.at("default"), message)
