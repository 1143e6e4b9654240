"""What should not stand in a text that goes into version control."""

from re import compile as regex

from pointsman.language.checks.context import Findings
from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman.language.source import Source, Span

# Only forms that nothing else has. Each starts at a word's edge, so that a pattern which describes them is none.
_SECRET = regex(
    rb"(?<![A-Za-z0-9])(?:"
    rb"(?P<aws>(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z]))"
    rb"|(?P<model>sk-(?=[A-Za-z_-]*[0-9])(?:proj-|ant-(?:api03-)?)?[A-Za-z0-9_]{20,}[A-Za-z0-9_-]*)"
    rb"|(?P<github>gh[pousr]_[A-Za-z0-9]{36,})"
    rb")|(?P<private>-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----)"
)
_WHAT = {
    "aws": "an AWS access key",
    "model": "the API key of a model provider",
    "github": "a GitHub token",
    "private": "a private key",
}


def secret_in_text(source: Source, start: int, end: int) -> Findings:
    """A key written down, in the lines from `start` to `end`. The text itself is searched, comments too: they are
    committed like the rest."""
    for found in _SECRET.finditer(source.data, start, end):
        # The documentation's own example keys are no secrets.
        if found[0].endswith(b"EXAMPLE"):
            continue
        what = _WHAT[found.lastgroup or "model"]
        message = f'this looks like {what}; keep it out of the file and write ${{{{ secret("NAME") }}}}'
        yield Diagnostic("secret_in_text", Span(*found.span()), message, Severity.WARNING)
