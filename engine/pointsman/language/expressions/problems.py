"""What is wrong with an expression's text, collected without repeating itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: `message` is a sentence without a full stop, the range counts code points of the expression.

    Codes: expression_syntax, expression_unknown_function, expression_arguments (wrong number or form of a call),
    expression_regex (a pattern RE2 refuses). `instead` is what should stand there, where that is certain.
    """

    start: int
    end: int
    code: str
    message: str
    instead: str = ""


class Problems:
    """The findings of one parse; at each place only the first, for the next ones follow from it."""

    __slots__ = ("_found", "closed")

    def __init__(self) -> None:
        self._found: dict[int, Problem] = {}
        self.closed = False  # set when the parser gave up: nothing after that is news

    def add(self, start: int, end: int, message: str, code: str = "expression_syntax", instead: str = "") -> None:
        if not self.closed:
            self._found.setdefault(start, Problem(start, end, code, message, instead))

    def flaws(self, flaws: list[tuple[int, int, str]]) -> None:
        for start, end, message in flaws:
            self.add(start, end, message)

    def all(self) -> tuple[Problem, ...]:
        return tuple(sorted(self._found.values(), key=lambda problem: (problem.start, problem.end)))
