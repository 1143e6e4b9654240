"""Half-typed and broken text: the tree is never lost, and every problem stands exactly where it is.

Each case is text in, text out: the expression, below it the marks of its problems, then `=` and the tree written
anew, with `…` for a hole.
"""

import pytest

from pointsman.language.expressions import (
    Error,
    Ident,
    Problem,
    Select,
    compile_expression,
    evaluate,
    parse,
    unparse,
    walk,
)
from pointsman.language.expressions.values import EvaluationError

CASES = """
state.
     ^ expected a field name after `.`
= state.``

score >
      ^ expected an expression after `>`
= score > …

a &&
  ^^ expected an expression after `&&`
= a && …

a && && b
  ^^ expected an expression after `&&`
= a && … && b

foo(
^^^ there is no function `foo`
   ^ `(` is never closed
= foo()

size(
    ^ `(` is never closed
= size()

size(x,)
      ^ expected an expression after `,`
= size(x, …)

[1,
^ `[` is never closed
= [1, …]

[1, (2]
    ^ `(` is never closed
= [1, 2]

[1 2]
   ^ expected `,` or `]`, found `2`
= [1, 2]

[1, 2))
     ^ `)` closes nothing
      ^ `)` closes nothing
^ `[` is never closed
= [1, 2]

xs[0
  ^ `[` is never closed
= xs[0]

"unterminated
^^^^^^^^^^^^^ this string is never closed
= "unterminated"

a b
  ^ expected an operator or the end, found `b`
= … a b

..
^ expected a name after `.`
 ^ expected a field name after `.`
= ….``

a ? b
  ^ `?` without its `:`; a condition has two values
= a ? b : …

a ?
  ^ expected an expression after `?`
= a ? … : …

{'a': 1, 'b'
^ `{` is never closed
= {"a": 1, "b": …}

{'a' 1}
     ^ expected `:` after the key, found `1`
= {"a": …, 1: …}

{'a'}
 ^^^ a key without a value; write key: value
= {"a": …}

a = b
  ^ `=` is no operator; write `==`
= … a b

a and not b
  ^^^ `and` is no operator; write `&&`
      ^^^ `not` is no operator; write `!`
= … a … b

a | b
  ^ `|` is no operator; write `||`
= … a b

xs.exists(r, r.
         ^ `(` is never closed
              ^ expected a field name after `.`
= xs.exists(r, r.``)

xs.exists(r,
         ^ `(` is never closed
= xs.exists(r, …)

xs.exists(
         ^ `(` is never closed
= … xs

xs.exists(r.a, true)
   ^^^^^^ `exists` is written `list.exists(x, condition) bool`
= … xs r.a true

has(outputs.
   ^ `(` is never closed
           ^ expected a field name after `.`
= has(outputs.``)

has(a)
^^^ `has` asks for a field: has(outputs.name)
= … a

size()
^^^^ `size` is written `size(string|bytes|list|map) int` or `x.size() int`
= size()

siez(x)
^^^^ there is no function `siez`; did you mean "size"?
= siez(x)

exists(x, true)
^^^^^^ `exists` is written behind a dot: list.exists(x, condition) bool
= exists(x, true)

s.matches('(a')
          ^^^^ not a pattern RE2 takes: missing ): (a
= s.matches("(a")

'a\\qb'
  ^^ `\\q` is no escape here; write `\\\\` for a backslash, or a raw string r'...'
= "ab"

'\\ud800'
 ^^^^^^ this escape is no Unicode character
= ""

9223372036854775808
^^^^^^^^^^^^^^^^^^^ this number does not fit in a 64-bit integer
= 0

Foo{a: 1}
   ^ there are no typed messages here; a map is written {'key': value}
= … Foo {a: 1}

m.in == 1
  ^^ `in` is a word of the expression language; write ["in"]
= m.in == 1

loop
^^^^ `loop` is reserved by the expression language
= loop

`x`
^^^ backquotes name a field and stand after a dot
= …

a # b
  ^ `#` has no meaning in an expression
= … a b

1 +* 2
  ^ expected an expression after `+`
= 1 + … * 2

)
^ expected an expression, found `)`
= …
"""


@pytest.mark.parametrize("case", CASES.strip().split("\n\n"), ids=lambda case: case.split("\n")[0])
def test_the_tree_and_every_problem(case: str) -> None:
    text, *marks, tree = case.split("\n")
    parsed = parse(text)
    assert sorted(map(marked, parsed.problems)) == sorted(marks)
    assert "= " + unparse(parsed.tree) == tree
    assert all(0 <= node.start <= node.end <= len(text) for node in walk(parsed.tree))


def marked(problem: Problem) -> str:
    return " " * problem.start + "^" * (problem.end - problem.start) + " " + problem.message


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_a_hole_too(text: str) -> None:
    parsed = parse(text)
    assert [(one.start, one.end, one.message) for one in parsed.problems] == [(0, len(text), "the expression is empty")]
    assert isinstance(parsed.tree, Error)


def test_a_field_not_typed_yet_stands_at_the_cursor() -> None:
    tree = parse("state. ").tree
    assert tree == Select(0, 6, Ident(0, 5, "state"), "", 6, 6)


@pytest.mark.parametrize(
    "text", ["(" * 101 + "1" + ")" * 101, "[" * 5000, "-" * 300 + "x", "x" + ".a" * 300, "1" + "+1" * 300, "f(" * 2000]
)
def test_deep_text_is_a_problem_and_no_recursion(text: str) -> None:
    parsed = parse(text)
    assert any("deep" in problem.message for problem in parsed.problems)
    assert len(parsed.problems) <= 101  # the unknown `f`s count, the brackets left open do not
    with pytest.raises(EvaluationError):
        compile_expression(parsed)({})


def test_what_people_write_is_not_deep() -> None:
    assert evaluate("(" * 99 + "1" + ")" * 99, {}) == 1
    assert evaluate(" || ".join(f"x == {number}" for number in range(5000)), {"x": 4999}) is True
    assert evaluate(" + ".join(["1"] * 190), {}) == 190
    assert evaluate(f"size([{', '.join(['1'] * 20_000)}])", {}) == 20_000


def test_a_broken_part_still_lets_the_rest_count() -> None:
    tree = parse("true || (1 +").tree
    assert compile_expression(tree)({}) is True
    with pytest.raises(EvaluationError) as caught:
        compile_expression(parse("1 +").tree)({})
    assert caught.value.code == "invalid_expression"
