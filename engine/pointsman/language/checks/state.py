"""Keys of a pipeline's `state`."""

from pointsman.language.checks.context import Context, Findings
from pointsman.language.contracts import complaint
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.reading import Found


def bad_default(context: Context) -> Findings:
    """A first value that the key itself would refuse. Null is no value yet, and nothing is said against it."""
    for draft in context.pipelines:
        for item in draft.found.get("state", ()):
            found: Found | None = item.value
            value = found.get("default") if found else None
            if found is None or value is None or not context.sound(found.span):
                continue
            if found.get("merge") == "append" and not isinstance(value, list):
                message = f"`merge: append` adds to a list, and the default of {item.name.name} is none"
                yield Diagnostic("bad_default", found.at("default"), message)
                continue
            schema = found.get("schema")
            against = None if schema is None else complaint(schema, value)
            if against:
                message = f"the default of {item.name.name} does not fit its schema: {against[:200]}"
                yield Diagnostic("bad_default", found.at("default"), message)
