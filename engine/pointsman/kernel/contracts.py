"""What a value must look like: JSON Schema, checked by a library that never goes to the network."""

from dataclasses import dataclass
from typing import Any

import jsonschema_rs

Json = Any


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """A compiled schema. `complaint` is None for a value that keeps it."""

    schema: Json
    validator: jsonschema_rs.Draft202012Validator

    def complaint(self, value: Json) -> str | None:
        """The first thing wrong, as a sentence with the path inside the value."""
        if self.validator.is_valid(value):
            return None
        for error in self.validator.iter_errors(value):
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
            return f"{path.lstrip('.') or 'the value'}: {error.message}"
        return None


def contract(schema: Json) -> Contract | None:
    """Compile a schema; None where there is none. The text was checked already, so a bad one can not come here."""
    if schema is None:
        return None
    return Contract(schema, jsonschema_rs.Draft202012Validator(schema, retriever=_no_network))


def _no_network(uri: str) -> Json:
    raise ValueError(f"a schema may not refer to {uri}: only to itself")
