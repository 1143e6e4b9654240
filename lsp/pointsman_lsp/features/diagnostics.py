"""What is wrong with a document: exactly what `pointsman check` finds, for it is the same analysis."""

from pointsman.language.diagnostics import Diagnostic
from pointsman_lsp.analysis.document import Document


def diagnostics(document: Document) -> tuple[Diagnostic, ...]:
    """All findings, in the order of their places."""
    return document.analysis.diagnostics


def is_unneeded(found: Diagnostic) -> bool:
    """Whether it speaks of something that nobody uses, which editors fade."""
    return found.code.startswith("unused_")
