"""Agents and tools, read from what the walker found; pipelines and the workspace file share them."""

from pointsman.language import model
from pointsman.language.collecting import Reading
from pointsman.language.leaves import invalid_value, not_in_this_version
from pointsman.language.reading import Found, Item
from pointsman.language.tree import Node

SCRIPTED = "scripted:"


def read_agents(reading: Reading, items: tuple[Item, ...]) -> tuple[model.Agent, ...]:
    """The agents of a section `agents`; one that could not be read keeps its name, without a target."""
    return tuple(_agent(reading, item) for item in items)


def read_tools(reading: Reading, items: tuple[Item, ...]) -> tuple[model.Tool, ...]:
    """The tools of a section `tools`."""
    return tuple(
        model.Tool(item.name.name, item.span, _target(reading, item.value, ()), item.value.get("risk", "write"))
        if item.value
        else model.Tool(item.name.name, item.span, None)
        for item in items
    )


def read_redaction(found: Found) -> tuple[tuple[str, str], ...]:
    """`redact` as pairs of `path` or `pattern` and its text."""
    pairs = []
    for one in found.get("redact", ()):
        pairs += [(kind, one.get(kind)) for kind in ("path", "pattern") if one.get(kind) is not None][:1]
    return tuple(pairs)


def _agent(reading: Reading, item: Item) -> model.Agent:
    found: Found | None = item.value
    if found is None:
        return model.Agent(item.name.name, item.span, None)
    tools = found.get("tools", ())
    return model.Agent(item.name.name, item.span, _target(reading, found, tools), found.get("risk", "write"), tools)


def _target(reading: Reading, found: Found, tools: tuple[model.Name, ...]) -> model.Target | None:
    kind = next((name for name in ("python", "command", "scripted", "llm") if found.get(name) is not None), "")
    span = found.at(kind) if kind else found.span
    value = found.get(kind)
    match kind:
        case "python":
            return model.PythonTarget(value, span)
        case "command":
            limits: Found | None = found.get("limits")
            return model.CommandTarget(
                argv=value,
                span=span,
                parse=found.get("parse", "text"),
                ok_exit=frozenset(found.get("ok_exit", (0,))),
                stdin=found.get("stdin"),
                wall_ns=limits.get("wall", 0) if limits else 0,
                memory=limits.get("memory", 0) if limits else 0,
            )
        case "scripted":
            return model.ScriptedTarget(tuple(value), span)
        case "llm":
            name = value.get("model")
            if name is None or not _model(reading, value.entries["model"].value, name):
                return None
            return model.LlmTarget(name, value.at("model"), value.get("prompt"), span, tools)
        case _:
            return None


def _model(reading: Reading, node: Node, name: str) -> bool:
    """Whether this version can ask that model."""
    provider, colon, rest = name.partition(":")
    if name.startswith(SCRIPTED) and rest.strip():
        return True
    if not colon or not provider or not rest.strip():
        invalid_value(reading, node, "`model`", "provider:name, like scripted:replies.yaml")
    else:
        not_in_this_version(reading, node.span, f"the model provider {provider}")
    return False
