"""The expression language: CEL with positions everywhere, tolerant of half-typed text, and templates made of it.

Offsets are code points of the text given. `parse` and `parse_template` never raise; what is compiled raises
`EvaluationError` alone.
"""

from pointsman.language.expressions.evaluation import MAX_STEPS, compile_expression, evaluate
from pointsman.language.expressions.lexer import Token, tokens
from pointsman.language.expressions.nodes import (
    Binary,
    Call,
    Error,
    Expr,
    Has,
    Ident,
    Index,
    ListItem,
    ListLit,
    Literal,
    Macro,
    MapEntry,
    MapLit,
    Select,
    Ternary,
    Unary,
    children,
    walk,
)
from pointsman.language.expressions.parser import Parsed, parse
from pointsman.language.expressions.problems import Problem
from pointsman.language.expressions.quoting import needs_quotes
from pointsman.language.expressions.references import (
    Operand,
    Reference,
    Segment,
    compile_operands,
    operands,
    references,
)
from pointsman.language.expressions.signatures import FUNCTIONS, MACROS, Signature
from pointsman.language.expressions.templates import (
    Hole,
    Template,
    as_json,
    as_text,
    compile_template,
    is_template,
    parse_template,
    render,
)
from pointsman.language.expressions.unparse import unparse
from pointsman.language.expressions.values import (
    TYPE_NAMES,
    CelType,
    Duration,
    EvaluationError,
    Optional,
    Timestamp,
    UInt,
    type_name,
)

__all__ = [
    "FUNCTIONS",
    "MACROS",
    "MAX_STEPS",
    "TYPE_NAMES",
    "Binary",
    "Call",
    "CelType",
    "Duration",
    "Error",
    "EvaluationError",
    "Expr",
    "Has",
    "Hole",
    "Ident",
    "Index",
    "ListItem",
    "ListLit",
    "Literal",
    "Macro",
    "MapEntry",
    "MapLit",
    "Operand",
    "Optional",
    "Parsed",
    "Problem",
    "Reference",
    "Segment",
    "Select",
    "Signature",
    "Template",
    "Ternary",
    "Timestamp",
    "Token",
    "UInt",
    "Unary",
    "as_json",
    "as_text",
    "children",
    "compile_expression",
    "compile_operands",
    "compile_template",
    "evaluate",
    "is_template",
    "needs_quotes",
    "operands",
    "parse",
    "parse_template",
    "references",
    "render",
    "tokens",
    "type_name",
    "unparse",
    "walk",
]
