"""The grammar of CEL as a parser by hand: only brackets recurse, operators are reduced on a stack."""

from pointsman.language.expressions import literals
from pointsman.language.expressions.calls import call
from pointsman.language.expressions.cursor import CLOSING, INSTEAD, STARTS, Cursor, shown
from pointsman.language.expressions.lexer import KEYWORDS, RESERVED, Token
from pointsman.language.expressions.nodes import (
    Binary,
    Error,
    Expr,
    Ident,
    Index,
    ListItem,
    ListLit,
    Literal,
    MapEntry,
    MapLit,
    Select,
    Ternary,
    Unary,
)

MAX_NESTING = 100

_CONSTANTS = {"true": True, "false": False, "null": None}
_PRECEDENCE = {"==": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "in": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}
_MISTAKE = "mistake"

# A node with the range it has in the text, brackets around it included.
_Placed = tuple[int, int, Expr]


class Grammar(Cursor):
    """One parse. Every method takes its tokens and returns a node; none raises, none takes nothing for ever."""

    level = 0

    def whole(self) -> Expr:
        """The whole text as one tree; what stands behind a complete expression is kept beside it."""
        if self.token.kind == "end":
            self.problems.add(0, len(self.text), "the expression is empty")
            return Error(0, len(self.text))
        parts = [self.expression()]
        while self.token.kind != "end":
            token = self.token
            if token.kind in CLOSING:
                self.problems.add(token.start, token.end, f"`{token.text}` closes nothing")
            else:
                self.unexpected(token)
            if token.kind not in STARTS:
                self.advance()
            if self.token.kind in STARTS:
                parts.append(self.expression())
        return parts[0] if len(parts) == 1 else Error(0, len(self.text), tuple(parts))

    def too_deep(self, message: str) -> Error:
        """The tree of a text nobody may nest like this."""
        self.problems.add(0, len(self.text), message)
        return Error(0, len(self.text))

    def expression(self) -> Expr:
        """A ternary, and all the operators below it."""
        if self.level >= MAX_NESTING:
            return self.give_up(f"nested too deep; at most {MAX_NESTING} levels")
        self.level += 1
        start = self.token.start
        either: list[_Placed] = []  # operands of ||
        both: list[_Placed] = []  # operands of &&
        operands: list[_Placed] = []
        operators: list[tuple[int, str]] = []
        while True:
            first = self.token.start
            operand = self.operand()
            operands.append((min(first, operand.start), max(self.end, operand.end), operand))
            kind = self.token.kind
            precedence = _PRECEDENCE.get(kind)
            if precedence is None and kind in ("bad", "name") and self.token.text in INSTEAD:
                self.unexpected(self.token)
                precedence, kind = 1, _MISTAKE
            while operators and (precedence is None or operators[-1][0] >= precedence):
                _reduce(operands, operators.pop()[1])
            if precedence is not None:
                operators.append((precedence, kind))
            elif kind == "&&":
                both.append(operands.pop())
            elif kind == "||":
                both.append(operands.pop())
                either.append(_balanced("&&", both))
                both = []
            else:
                break
            self.advance()
        both.append(operands.pop())
        either.append(_balanced("&&", both))
        tree = _balanced("||", either)[2]
        if self.token.kind == "?":
            tree = self.ternary(start, tree)
        self.level -= 1
        return tree

    def ternary(self, start: int, condition: Expr) -> Expr:
        question = self.token
        self.advance()
        then = self.expression()
        if self.token.kind == ":":
            self.advance()
            otherwise = self.expression()
        else:
            if not isinstance(then, Error):
                self.problems.add(question.start, question.end, "`?` without its `:`; a condition has two values")
            otherwise = Error(self.end, max(self.end, self.token.start))
        return Ternary(start, max(self.end, otherwise.end), condition, then, otherwise)

    def operand(self) -> Expr:
        """Prefix operators, a primary, and the `.x`, `[x]` and `(x)` behind it."""
        prefixes: list[Token] = []
        while self.token.kind in ("!", "-"):
            prefixes.append(self.token)
            self.advance()
        start = self.token.start
        if prefixes and prefixes[-1].kind == "-" and self.token.kind in ("int", "float"):
            start = prefixes.pop().start
            tree = self.number(self.token, start, negative=True)
        else:
            tree = self.primary()
        while True:
            kind = self.token.kind
            if kind == ".":
                tree = self.member(start, tree)
            elif kind == "[":
                tree = self.index(start, tree)
            elif kind == "{" and isinstance(tree, Ident | Select):
                tree = self.message(start, tree)
            else:
                break
        for prefix in reversed(prefixes):
            tree = Unary(prefix.start, max(self.end, tree.end), prefix.kind, tree)
        return tree

    def primary(self) -> Expr:
        token = self.token
        kind = token.kind
        if kind == "name":
            return self.name(token)
        if kind in ("int", "uint", "float"):
            return self.number(token, token.start)
        if kind == ".":
            return self.absolute(token)
        if kind not in STARTS:
            return self.missing()
        self.advance()
        if kind in ("string", "open"):
            value, flaws = literals.string(token)
            self.problems.flaws(flaws)
            return Literal(token.start, token.end, value)
        if kind == "bytes":
            data, flaws = literals.byte_string(token)
            self.problems.flaws(flaws)
            return Literal(token.start, token.end, data)
        if kind == "(":
            self.closers.append(")")
            tree = self.expression()
            self.close(token, ")")
            return tree
        if kind == "[":
            items, _ = self.sequence(token, self.item, trailing=True)
            return ListLit(token.start, self.end, tuple(items))
        if kind == "{":
            entries, _ = self.sequence(token, self.entry, trailing=True)
            return MapLit(token.start, self.end, tuple(entries))
        return Literal(token.start, token.end, _CONSTANTS[kind])

    def number(self, token: Token, start: int, negative: bool = False) -> Expr:
        self.advance()
        if token.kind == "float":
            return Literal(start, token.end, -float(token.text) if negative else float(token.text))
        value, flaw = literals.integer(token, negative)
        if flaw is not None:
            self.problems.flaws([flaw])
        return Literal(start, token.end, value)

    def name(self, token: Token) -> Expr:
        self.advance()
        if self.token.kind == "(":
            args, closed = self.arguments()
            return call(self.problems, token, None, args, token.start, self.end, closed)
        if token.text == "not" and self.token.kind in STARTS - {".", "[", "-", "{"}:
            self.problems.add(token.start, token.end, "`not` is no operator; write `!`", instead="!")
            inner = self.primary()
            return Error(token.start, self.end, (inner,))
        if token.text in RESERVED:
            self.problems.add(token.start, token.end, f"`{token.text}` is reserved by the expression language")
        return Ident(token.start, token.end, token.text)

    def absolute(self, dot: Token) -> Expr:
        self.advance()
        token = self.token
        if token.kind != "name":
            self.problems.add(dot.start, dot.end, "expected a name after `.`")
            return Error(dot.start, self.end)
        tree = self.name(token)
        return Ident(dot.start, tree.end, tree.name, absolute=True) if isinstance(tree, Ident) else tree

    def member(self, start: int, operand: Expr) -> Expr:
        dot = self.token
        self.advance()
        optional = self.token.kind == "?" and self.token.start == dot.end
        if optional:
            self.advance()
        token = self.token
        if token.kind not in ("name", "quoted") and token.kind not in KEYWORDS:
            self.problems.add(dot.start, self.end, f"expected a field name after `{self.text[dot.start : self.end]}`")
            return Select(start, self.end, operand, "", self.end, self.end, optional)
        self.advance()
        if token.kind in KEYWORDS:
            message = f'`{token.text}` is a word of the expression language; write ["{token.text}"]'
            self.problems.add(token.start, token.end, message)
        if self.token.kind == "(" and token.kind == "name" and not optional:
            args, closed = self.arguments()
            return call(self.problems, token, operand, args, start, self.end, closed)
        inset = 1 if token.kind == "quoted" else 0
        field = token.text[1:-1] if inset else token.text
        return Select(start, token.end, operand, field, token.start + inset, token.end - inset, optional)

    def index(self, start: int, operand: Expr) -> Expr:
        opener = self.token
        self.advance()
        optional = self.token.kind == "?"
        if optional:
            self.advance()
        self.closers.append("]")
        index = self.expression()
        self.close(opener, "]")
        return Index(start, self.end, operand, index, optional)

    def message(self, start: int, name: Expr) -> Expr:
        opener = self.token
        self.problems.add(opener.start, opener.end, "there are no typed messages here; a map is written {'key': value}")
        self.advance()
        entries, _ = self.sequence(opener, self.entry, trailing=True)
        return Error(start, self.end, (name, MapLit(opener.start, self.end, tuple(entries))))

    def arguments(self) -> tuple[tuple[Expr, ...], bool]:
        opener = self.token
        self.advance()
        args, closed = self.sequence(opener, self.expression, trailing=False)
        return tuple(args), closed

    def item(self) -> ListItem:
        optional = self.token.kind == "?"
        if optional:
            self.advance()
        return ListItem(self.expression(), optional)

    def entry(self) -> MapEntry:
        optional = self.token.kind == "?"
        if optional:
            self.advance()
        key = self.expression()
        if self.token.kind == ":":
            self.advance()
            return MapEntry(key, self.expression(), optional)
        if not isinstance(key, Error):
            token = self.token
            if token.kind in CLOSING or token.kind == ",":
                self.problems.add(key.start, key.end, "a key without a value; write key: value")
            elif token.kind != "end":
                self.problems.add(token.start, token.end, f"expected `:` after the key, found {shown(token)}")
        return MapEntry(key, Error(self.end, max(self.end, self.token.start)), optional)


def _reduce(operands: list[_Placed], op: str) -> None:
    _, end, right = operands.pop()
    start, _, left = operands.pop()
    tree = Error(start, end, (left, right)) if op == _MISTAKE else Binary(start, end, op, left, right)
    operands.append((start, end, tree))


def _balanced(op: str, operands: list[_Placed]) -> _Placed:
    """A chain as a tree of logarithmic depth, so a policy may list hundreds of alternatives."""
    if len(operands) == 1:
        return operands[0]
    middle = (len(operands) + 1) // 2
    start, _, left = _balanced(op, operands[:middle])
    _, end, right = _balanced(op, operands[middle:])
    return start, end, Binary(start, end, op, left, right)
