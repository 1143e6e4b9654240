"""What may be typed at the cursor: keys, values and names in expressions, each with the edit that puts it there."""

from dataclasses import replace

from pointsman.language import schema
from pointsman.language.places import Place, place_at
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features.completing_keys import complete_keys
from pointsman_lsp.features.completing_values import complete_values
from pointsman_lsp.features.expressions import complete_expression
from pointsman_lsp.features.items import TRIGGERS, Item

__all__ = ["TRIGGERS", "Item", "complete"]


def complete(document: Document, offset: int, snippets: bool) -> list[Item]:
    """What fits at a byte offset, the likeliest first; nothing in comments, in free text and in `pointsman.toml`.

    With `snippets` the texts may have tab stops.
    """
    if document.analysis.kind == "workspace":
        return []
    place = place_at(document.analysis, offset)
    match place.standing:
        case "key":
            return complete_keys(document, place, snippets)
        case "hole" if isinstance(place.shape, schema.Many) and not _holds_keys(place.shape):
            return complete_values(document, place, snippets)
        case "hole":
            return complete_keys(document, place, snippets)
        case "value":
            return _at_value(document, place, snippets)
        case _:
            return []


def _at_value(document: Document, place: Place, snippets: bool) -> list[Item]:
    if place.embedded is None:
        return complete_values(document, place, snippets)
    items = complete_expression(document, place.offset, snippets)
    if not isinstance(place.shape, schema.Either):
        return items
    # A word of the table or an expression: the words are fewer.
    return [*complete_values(document, place, snippets), *(replace(one, sort=f"e{one.sort}") for one in items)]


def _holds_keys(shape: schema.Many) -> bool:
    return isinstance(shape.item, schema.Of | schema.Named | schema.Schema)
