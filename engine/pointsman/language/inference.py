"""Which type an expression has, and which names are known at a place inside of it.

Every answer is for people who read or write: `any` where it is not certain, never an error.
"""

from collections.abc import Mapping
from re import compile as regex

from pointsman.language.datatypes import (
    ANY,
    BOOL,
    DOUBLE,
    INT,
    LIST,
    MAP,
    NULL,
    STRING,
    Basic,
    ListOf,
    MapOf,
    Maybe,
    Member,
    Record,
    Type,
    from_value,
    item_of,
    member,
    members,
    one_of,
    receivers,
    record,
)
from pointsman.language.expressions import (
    FUNCTIONS,
    MACROS,
    Binary,
    Call,
    Expr,
    Has,
    Ident,
    Index,
    ListLit,
    Literal,
    Macro,
    MapLit,
    Select,
    Signature,
    Ternary,
    Unary,
    children,
)

Names = Mapping[str, Member]
"""The names in scope at a place."""

HAS = Signature("has", ("has(value.field) bool",), "Whether the field is there.", frozenset({1}), frozenset())

_FORM = regex(r"(?:(\w+)\.)?(\w+)\((.*?)\) (.+)\Z")
_GIVES: dict[str, Type] = {
    "bool": BOOL,
    "int": INT,
    "uint": Basic("uint"),
    "double": DOUBLE,
    "string": STRING,
    "bytes": Basic("bytes"),
    "timestamp": Basic("timestamp"),
    "duration": Basic("duration"),
    "type": Basic("type"),
    "secret": Basic("secret"),
    "list": LIST,
    "map": MAP,
    "optional": Maybe(ANY),
}
_COMPARES = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"})
_DEEPEST = 100


def type_of(tree: Expr, names: Names) -> Type:
    """The type of an expression's value, as far as it is certain."""
    return _type(tree, names, 0)


def member_of(tree: Expr, names: Names) -> Member | None:
    """The member that a name, a `.field` or a `["field"]` is, when it is a known one."""
    match tree:
        case Ident(name=name):
            return names.get(name)
        case Select(operand=operand, field=field):
            return members(type_of(operand, names)).get(field)
        case Index(operand=operand, index=Literal(value=str() as key)):
            return members(type_of(operand, names)).get(key)
        case _:
            return None


def names_at(tree: Expr, offset: int, names: Names) -> Names:
    """The names known at a code point of the expression: those around, and the variables of macros around it."""
    node: Expr | None = tree
    for _ in range(_DEEPEST):
        if node is None:
            break
        if isinstance(node, Macro) and any(
            part is not None and part.start <= offset <= part.end
            for part in (node.var, node.var2, node.condition, node.body)
        ):
            names = variables(node, names)
        node = next((child for child in children(node) if child.start <= offset <= child.end), None)
    return names


def variables(macro: Macro, names: Names) -> Names:
    """The names inside of a macro: its variables, typed by what it goes through, over all others."""
    through = type_of(macro.target, names)
    item = item_of(through)
    keyed = isinstance(through, Record | MapOf)
    key: Type = STRING if keyed else ANY if through == ANY else INT
    where = "a key of the map" if keyed else "an item of the list"
    if macro.kind in ("optMap", "optFlatMap"):
        item, keyed, where = (through.of if isinstance(through, Maybe) else ANY), False, "what the optional holds"
    found = dict(names)
    if macro.var2 is None:
        # One variable over a map goes through its keys.
        found[macro.var.name] = member(macro.var.name, key if keyed else item, where.capitalize() + ".")
    else:
        first, second = ("The key.", "The value.") if keyed else ("The index.", "The item.")
        found[macro.var.name] = member(macro.var.name, key, first)
        found[macro.var2.name] = member(macro.var2.name, item, second)
    return found


def methods(of: Type) -> list[Signature]:
    """The functions and macros that may stand behind a dot after a value of this type, in the order of the tables."""
    wanted = receivers(of)
    found = [one for one in FUNCTIONS.values() if one.member_counts and (not wanted or wanted & _takers(one))]
    # Macros that go through a list go through the keys of a map too.
    through = wanted | ({"list"} if "map" in wanted else set())
    return found + [one for one in MACROS.values() if not wanted or through & _takers(one)]


def gives(signature: Signature, target: bool) -> str:
    """What a call gives, in the word of its signature; `target`: it is called behind a dot."""
    forms = [parts for form in signature.signatures if (parts := _FORM.match(form))]
    for parts in forms:
        if bool(parts[1]) == (target or "." in signature.name):
            return parts[4]
    # Where only one way to call it is shown, the other gives the same.
    return forms[0][4] if forms else "any"


def _takers(signature: Signature) -> frozenset[str]:
    found: set[str] = set()
    for form in signature.signatures:
        parts = _FORM.match(form)
        if parts and parts[1] == "x":
            # `x.size()` takes what `size(x)` does.
            first = _FORM.match(signature.signatures[0])
            found |= set(first[3].split("|")) if first else set()
        elif parts and parts[1]:
            found.add(parts[1])
    return frozenset(found)


def _type(tree: Expr, names: Names, depth: int) -> Type:
    def inner(one: Expr) -> Type:
        return _type(one, names, depth + 1)

    if depth > _DEEPEST:
        return ANY
    match tree:
        case Literal(value=bytes()):
            return Basic("bytes")
        case Literal(value=value):
            return from_value(value)
        case Ident(name=name):
            return names[name].type if name in names else ANY
        case Select() | Index():
            return _chosen(tree, inner(tree.operand))
        case Has() | Unary(op="!"):
            return BOOL
        case Unary(operand=operand):
            return inner(operand)
        case Binary(op=op) if op in _COMPARES:
            return BOOL
        case Binary(left=left, right=right):
            return _sum(inner(left), inner(right))
        case Ternary(then=then, otherwise=otherwise):
            return one_of((inner(then), inner(otherwise)))
        case ListLit(items=items):
            return ListOf(one_of(inner(item.value) for item in items)) if items else LIST
        case MapLit(entries=entries):
            keys = [entry.key.value for entry in entries if isinstance(entry.key, Literal)]
            if len(keys) == len(entries) and all(isinstance(key, str) for key in keys):
                pairs = zip(keys, entries, strict=True)
                return record(member(str(key), inner(entry.value)) for key, entry in pairs)
            return MAP
        case Macro():
            return _macro(tree, names, depth)
        case Call():
            return _call(tree, inner(tree.target) if tree.target else None, [inner(one) for one in tree.args])
        case _:
            return ANY


def _chosen(tree: Select | Index, of: Type) -> Type:
    """What a field or an index of a value is; an optional one is an optional."""
    name = tree.field if isinstance(tree, Select) else tree.index.value if isinstance(tree.index, Literal) else None
    known = members(of).get(name) if isinstance(name, str) else None
    within = of.of if isinstance(of, Maybe) else of
    if known:
        found = known.type
    elif isinstance(name, str):
        found = within.value if isinstance(within, MapOf) else ANY
    else:
        found = item_of(within)
    optional = tree.optional or isinstance(of, Maybe)
    return Maybe(found) if optional and not isinstance(found, Maybe) else found


def _sum(left: Type, right: Type) -> Type:
    """An operator of arithmetic: numbers become double when one is; text and lists keep their type."""
    if left == right:
        return Basic(left.name) if isinstance(left, Basic) else left
    if isinstance(left, Basic) and isinstance(right, Basic) and left.name == right.name:
        return Basic(left.name)
    if isinstance(left, ListOf) and isinstance(right, ListOf):
        return ListOf(one_of((left.item, right.item)))
    numbers = {one.name for one in (left, right) if isinstance(one, Basic)}
    return DOUBLE if numbers == {"int", "double"} else ANY


def _macro(tree: Macro, names: Names, depth: int) -> Type:
    through = _type(tree.target, names, depth + 1)
    body = _type(tree.body, variables(tree, names), depth + 1)
    match tree.kind:
        case "filter":
            return (
                through
                if isinstance(through, ListOf)
                else ListOf(STRING)
                if isinstance(through, Record | MapOf)
                else LIST
            )
        case "map" | "transformList":
            return ListOf(body)
        case "transformMap":
            return MapOf(body)
        case "optMap":
            return Maybe(body)
        case "optFlatMap":
            return body if isinstance(body, Maybe) else Maybe(ANY)
        case _:
            return BOOL


def _call(tree: Call, target: Type | None, args: list[Type]) -> Type:
    held = target.of if isinstance(target, Maybe) else ANY
    match tree.function:
        case "orValue":
            return one_of((held, *args))
        case "value":
            return held
        case "or":
            return Maybe(one_of((held, *(one.of for one in args if isinstance(one, Maybe)))))
        case "optional.of" | "optional.ofNonZeroValue":
            return Maybe(args[0]) if args else Maybe(ANY)
        case "optional.none":
            return Maybe(NULL)
        case "reverse" if isinstance(target, ListOf):
            return target
        case "split":
            return ListOf(STRING)
        case "dyn":
            return args[0] if args else ANY
        case name if name in FUNCTIONS:
            return _GIVES.get(gives(FUNCTIONS[name], target is not None), ANY)
        case _:
            return ANY
