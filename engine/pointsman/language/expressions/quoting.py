"""Whether a value in YAML was meant as an expression, although YAML reads something else."""

from pointsman.language.expressions.parser import parse


def needs_quotes(raw_source: str) -> bool:
    """Whether the raw source of a YAML value is one complete CEL expression.

    Asked when YAML's own reading differs (`!x.ok` is a tag, `"a" in xs` an error): then the code is
    `expression_needs_quotes`, and the fix a pair of quotes. Names and functions need not be known, only the form.
    """
    text = raw_source.strip()
    return bool(text) and not any(problem.code == "expression_syntax" for problem in parse(text).problems)
