"""What people read about a thing of a pipeline: a key, a stage, an agent, a function, a name in an expression."""

from collections.abc import Iterable, Iterator
from functools import partial

from pointsman.language import model
from pointsman.language.datatypes import Member, Record, Type, members
from pointsman.language.datatypes import words as type_words
from pointsman.language.expressions import Signature
from pointsman.language.lexical import get, text_of
from pointsman.language.python_facts import Function, Parameter
from pointsman.language.schema import Field, Of, Section, Shape
from pointsman.language.schema.reference import said, shown
from pointsman.language.scope import Around, kind_of, result_of
from pointsman.language.source import Source
from pointsman.language.syntax import parse
from pointsman.language.tree import resolve
from pointsman_lsp.analysis.document import StageOutcome
from pointsman_lsp.features.markdown import ago, code, fence, lasting, shortened, words

_MOST = 8
_WIDE = 100
_HEAD = ("policy", "version")


def key(field: Field, section: Section) -> str:
    """A key of the table: what may be written, what it means, what holds without it."""
    kinds = "; ".join(_types(field.shape))
    # The type of an expression or a template says already how it is read.
    facts = [kinds, *([field.mode] if field.mode not in kinds else [])]
    if field.required:
        facts.append("required")
    if field.only:
        facts.append(f"only with `{field.only}`")
    notes = [] if field.default is None else [f"Default: {code(shown(field.default))}"]
    notes.append("In a later version" if field.later else f"Since {field.since}")
    parts = [f"**{field.name}** · {' · '.join(facts)}", field.doc, " · ".join(notes)]
    if field.example:
        parts.append(fence("yaml", f"{field.name}: {field.example}"))
    parts.append(f"*{section.title.replace('`', '')}*")
    return "\n\n".join(parts)


def stage(around: Around, of: model.Stage, outcome: StageOutcome | None, now_ns: int) -> str:
    """A stage: what it does, where it goes on to, what it gives, how it last went."""
    parts = [f"**stage** {code(of.name)} · {_kind(of)}", words(of.description)]
    if of.agent:
        behind = around.agent(of.agent.name)
        parts.append(_behind(around, behind.target) if behind else "")
    if of.ask:
        question = of.ask.question
        asked = question.template.text if isinstance(question, model.Text) else str(getattr(question, "value", ""))
        parts.append(f"Asks: {words(asked)}" if asked else "")
    if of.fork:
        parts.append("Branches: " + ", ".join(code(branch.name) for branch in of.fork.branches[:_MOST]))
    if of.set:
        parts.append("Sets: " + ", ".join(code(f"state.{name.name}") for name, _ in of.set[:_MOST]))
    if of.when:
        parts.append(f"Only when {code(of.when.text)}")
    parts += [_list(_ways(of)), _gives(around, of)]
    if outcome:
        parts.append(last(outcome, now_ns))
    return "\n\n".join(part for part in parts if part)


def last(outcome: StageOutcome, now_ns: int) -> str:
    """How a stage last went."""
    status = f"**{outcome.status}**"
    when = (
        f"since {lasting(now_ns - outcome.started_at_ns)}"
        if outcome.live
        and outcome.status
        in (
            "running",
            "held",
            "asking",
        )
        else f"{ago(outcome.started_at_ns, now_ns)}, in {lasting(outcome.took_ns)}"
    )
    visits = f", visit {outcome.visits}" if outcome.visits > 1 else ""
    note = f" · {words(outcome.note)}" if outcome.note else ""
    return f"{'Live run' if outcome.live else 'Last run'}: {status} {when}{visits}{note} · run {code(outcome.run)}"


def worker(around: Around, of: model.Agent | model.Tool) -> str:
    """An agent or a tool: what is behind it, and what it may do."""
    what = "agent" if isinstance(of, model.Agent) else "tool"
    parts = [f"**{what}** {code(of.name)} · {of.risk.replace('_', ' ')}", _behind(around, of.target)]
    if isinstance(of, model.Agent) and of.tools:
        parts.append("Tools: " + ", ".join(code(one.name) for one in of.tools[:_MOST]))
    return "\n\n".join(part for part in parts if part)


def python(around: Around, target: model.PythonTarget) -> str:
    """A function of the user's Python: its signature and what its documentation says."""
    function = around.function(target)
    if function is None:
        return f"**python** {code(target.target)}"
    parts = [fence("python", signature(function)), words(function.doc.partition("\n\n")[0])]
    return "\n\n".join(part for part in (*parts, code(target.target)) if part)


def signature(function: Function) -> str:
    """A function's signature as Python has it."""
    shown_parameters: list[str] = []
    previous = ""
    for one in function.parameters:
        if previous == "positional" and one.kind != "positional":
            shown_parameters.append("/")
        if one.kind == "keyword" and previous not in ("keyword", "rest"):
            shown_parameters.append("*")
        stars = {"rest": "*", "keywords": "**"}.get(one.kind, "")
        text = f"{stars}{one.name}" + (f": {one.annotation}" if one.annotation else "")
        if one.default:
            text += f" = {one.default}" if one.annotation else f"={one.default}"
        shown_parameters.append(text)
        previous = one.kind
    if previous == "positional":
        shown_parameters.append("/")
    start = "async def" if function.is_async else "def"
    gives = f" -> {function.returns}" if function.returns else ""
    return f"{start} {function.name}({', '.join(shown_parameters)}){gives}"


def parameter(of: Function, one: Parameter) -> str:
    """A parameter of an agent's function, as `with` gives it."""
    kind = f": {one.annotation}" if one.annotation else ""
    default = f" = {one.default}" if one.default else ""
    needed = "required" if one.required else "may be left out"
    return f"**argument** {code(one.name + kind + default)} · {needed}\n\nOf {code(of.name)}"


def reason(name: str, sentence: str) -> str:
    """A reason that a policy gives."""
    return "\n\n".join(part for part in (f"**reason** {code(name)}", words(sentence)) if part)


def prompt(path: str, text: str) -> str:
    """A prompt file: how it starts."""
    lines = text.strip("\n").splitlines()
    shown_lines = [line[:_WIDE] for line in lines[:_MOST]] + (["…"] if len(lines) > _MOST else [])
    start = fence("markdown", "\n".join(shown_lines)) if lines else "It is empty."
    return f"**prompt** {code(path)}\n\n{start}"


def policy(path: str, source: Source) -> str:
    """A policy file: its policies with their versions and rules."""
    parts = [f"**policy** {code(path)}"]
    for document in parse(source).documents[:_MOST]:
        name, version = (text_of(found.value) if found else None for found in map(partial(get, document.root), _HEAD))
        rules = get(document.root, "rules")
        items = resolve(rules.value) if rules else None
        ids = [text_of(found.value) for one in getattr(items, "items", ()) if (found := get(one, "id"))]
        head = f"{code(name or '?')}" + (f", version {words(version)}" if version else "")
        named = [code(one) for one in ids[:_MOST] if one] + (["…"] if len(ids) > _MOST else [])
        parts.append(head + (f"\n\nRules: {', '.join(named)}" if named else ""))
    return "\n\n".join(parts)


def name(one: Member, called: str) -> str:
    """A name of an expression, or a member: its type, what it is for, where it comes from."""
    of = one.type
    doc, origin = one.about
    from_where = f"From {words(origin)}." if origin else ""
    parts = [f"{code(called)} · {code(type_words(of))}", words(doc), from_where]
    return "\n\n".join(part for part in (*parts, _list(_fields(of))) if part)


def function_of(one: Signature) -> str:
    """A function or macro: its forms and what it is for."""
    return "\n\n".join((_list(code(form) for form in one.signatures), words(one.doc)))


def state_key(of: model.StateKey, kind: Type, doc: str) -> str:
    """A key of the run's state."""
    how = of.merge if isinstance(of.merge, str) else of.merge.text
    parts = [f"**state** {code(of.name)} · {code(type_words(kind))}", words(doc)]
    first = "" if of.default is None else f"First value: {code(shown(of.default))} · "
    return "\n\n".join(part for part in (*parts, f"{first}Writes: {code(how)}") if part)


def branch(around: Around, of: model.Branch, fork: model.Stage) -> str:
    """A branch of a fork."""
    optional = " · may fail" if fork.fork and of.name in fork.fork.join.optional else ""
    names = ", ".join(code(one.name) for one in of.block.stages[:_MOST])
    behind = _kind(of.block.stages[0]) if of.single and of.block.stages else f"stages {names}"
    given = members(result_of(around, fork)[0]).get(of.name)
    gives = f"Gives {code(type_words(given.type))}" if given else ""
    return "\n\n".join(
        part for part in (f"**branch** {code(of.name)} of {code(fork.name)}{optional} · {behind}", gives) if part
    )


def _types(shape: Shape) -> Iterator[str]:
    # The reference page's link to a section leads nowhere here.
    yield "mapping" if isinstance(shape, Of) else _unlinked(said(shape)).replace("of a agent", "of an agent")


def _unlinked(text: str) -> str:
    out, rest = "", text
    while "](#" in rest:
        before, _, behind = rest.partition("](#")
        head, _, title = before.rpartition("[")
        out, rest = out + head + title, behind.partition(")")[2]
    return out + rest


def _kind(of: model.Stage) -> str:
    what, _, which = kind_of(of).partition(" ")
    return f"{what} {code(which)}" if which and of.agent else f"{what} {which}".strip()


def _behind(around: Around, target: model.Target | None) -> str:
    match target:
        case model.PythonTarget():
            return python(around, target)
        case model.CommandTarget(argv=argv):
            return fence("yaml", f"command: {_argv(argv)}")
        case model.LlmTarget(model=asked, prompt=prompt):
            return f"Asks the model {code(asked)}" + (f" with the prompt {code(prompt.name)}" if prompt else "")
        case model.ScriptedTarget(results=results):
            return f"A script of {len(results)} result{'' if len(results) == 1 else 's'}"
        case _:
            return ""


def _argv(argv: model.Value) -> str:
    match argv:
        case model.Items(items=items):
            return "[" + ", ".join(_argv(one) for one in items) + "]"
        case model.Text(template=template):
            return f'"{shortened(template.text)}"'
        case model.Fixed(value=list() as values):
            return "[" + ", ".join(str(one) for one in values) + "]"
        case model.Fixed(value=value):
            return str(value)
        case _:
            return "..."


def _ways(of: model.Stage) -> Iterator[str]:
    """Where a stage goes on to, one line for each way."""
    routes = of.routes or ()
    for one in routes[:_MOST]:
        yield _way(one, "")
    if len(routes) > _MOST:
        yield f"and {len(routes) - _MOST} more routes"
    if of.next:
        yield f"→ {code(of.next.name)}" + (" when no route matches" if of.routes else "")
    for one in (of.on_error or ())[:_MOST]:
        yield _way(one, "on error ")


def _way(of: model.Route, start: str) -> str:
    label = f"{words(of.label)}: " if of.label else ""
    when = f"when {code(of.when.text)} " if of.when else ""
    bound = f", at most {of.max} times" if of.max else ""
    return f"{label}{start}{when}→ {code(of.to.name)}{bound}"


def _gives(around: Around, of: model.Stage) -> str:
    kind, origin = result_of(around, of)
    if of.kind in ("set", "gate"):
        return ""
    fields = list(_fields(kind))
    head = f"Gives {code(type_words(kind))}, by {words(origin)}"
    return head + ("\n\n" + _list(fields) if fields else "")


def _fields(of: Type) -> Iterator[str]:
    known = members(of) if isinstance(of, Record) else {}
    for one in list(known.values())[:_MOST]:
        may = "" if one.sure else ", may be missing"
        doc = f": {words(one.doc)}" if one.doc else ""
        yield f"{code(one.name)} {code(type_words(one.type))}{may}{doc}"
    if len(known) > _MOST:
        yield f"and {len(known) - _MOST} more"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
