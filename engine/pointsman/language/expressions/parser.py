"""Text in, tree and all problems out: a tolerant parser of CEL that never raises.

Half-typed text keeps its tree: what is missing becomes an `Error` hole, what is too much is kept beside what was read.
"""

from dataclasses import dataclass

from pointsman.language.expressions.grammar import Grammar
from pointsman.language.expressions.nodes import Expr, depth
from pointsman.language.expressions.problems import Problem

# Evaluating takes a Python frame a node, parsing three a bracket; both stay far from Python's limit of 1,000.
MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text, its tree and all its problems, in the order of the text."""

    text: str
    tree: Expr
    problems: tuple[Problem, ...]


def parse(text: str) -> Parsed:
    """The tree of an expression, whatever the text. Only one without problems is worth evaluating."""
    grammar = Grammar(text)
    try:
        tree = grammar.whole()
        too_deep = len(grammar.tokens) > MAX_DEPTH and depth(tree) > MAX_DEPTH
    except RecursionError:  # the caller himself stands deep
        too_deep = True
    if too_deep:
        tree = grammar.too_deep(f"too deep; at most {MAX_DEPTH} operations may hang on one another")
    return Parsed(text, tree, grammar.problems.all())
