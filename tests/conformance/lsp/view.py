"""What a server shows of a document: everything it answers that says where something stands."""

from __future__ import annotations

import json
import re
from typing import Any

from conformance.lsp.calls import LOOKS, announced, is_pulled
from conformance.lsp.client import Client, Text
from conformance.lsp.positions import place, words

Json = Any
PLACES = 8  # of a text's last words


def pushes(client: Client) -> bool:
    """Whether the server publishes diagnostics: not if it is asked for them; else a text with an error tells."""
    if is_pulled(client):
        return False
    if client.pushes is None:
        if any(one["method"] == "textDocument/publishDiagnostics" for one in client.log.notified):
            client.pushes = True
        else:
            document = client.open(client.profile.document())
            client.pushes = client.sees(client.times.grace, lambda: client.published(document.uri) is not None)
            client.close(document)
    return client.pushes


def diagnostics(client: Client, document: Text) -> list[Json]:
    """What is wrong with a document that has an error: pulled, or the first push that holds something."""
    if is_pulled(client):
        response = client.call("textDocument/diagnostic", {"textDocument": {"uri": document.uri}})
        result = response.get("result") if response else None
        return list(result.get("items", [])) if isinstance(result, dict) else []
    if pushes(client):
        client.sees(client.times.answer, lambda: _pushed(client, document))
    return _pushed(client, document)


def view(client: Client, document: Text, text: str) -> dict[str, str]:
    """Each look at a document, asked at the last words of `text`, without the document's own URI."""
    calls = []
    for call in announced(client):
        if call.method in LOOKS:
            at_position = "position" in json.dumps(call.params("", {}))
            for index in words(text, PLACES) if at_position else [0]:
                calls.append((call.method, call.params(document.uri, place(text, index, client.encoding))))
    answers = client.call_all(calls)
    found = {}
    for (method, params), answer in zip(calls, answers, strict=True):
        key = f"{method} {json.dumps(params.get('position') or params.get('positions') or '')}"
        found[key] = _plain(client, document, answer)
    return found


def places(shown: dict[str, str]) -> dict[str, list[str]]:
    """The positions alone that a view holds, and where it holds nothing."""
    return {key: re.findall(r'"(?:line|character)": \d+', text) or [str(text == "null")] for key, text in shown.items()}


def same_pushed(client: Client, one: Text, other: Text) -> bool:
    """Whether the diagnostics pushed for two documents come to be the same."""
    if not pushes(client):
        return True

    def same() -> bool:
        # A server need not push again what an edit did not change, so the version may be an older one.
        seen = client.published(one.uri) is not None and client.published(other.uri) is not None
        return seen and pushed(client, one) == pushed(client, other)

    return client.sees(client.times.answer, same)


def pushed(client: Client, document: Text) -> str:
    """The diagnostics pushed last, without the document's URI, to be compared."""
    return _plain(client, document, sorted(_pushed(client, document), key=json.dumps))


def settle(client: Client, document: Text) -> None:
    """Wait until a server that pushes has pushed something for this document."""
    if pushes(client):
        client.sees(client.times.answer, lambda: client.published(document.uri) is not None)


def _pushed(client: Client, document: Text) -> list[Json]:
    found = client.published(document.uri)
    return list(found.get("diagnostics", [])) if found else []


def _plain(client: Client, document: Text, answer: Json) -> str:
    if isinstance(answer, dict):
        answer = answer.get("result", answer.get("error"))
    if isinstance(answer, dict):
        answer = {key: value for key, value in answer.items() if key != "resultId"}
    text = json.dumps(answer, sort_keys=True)
    # Two documents lie in two folders; everything else about them is the same.
    return text.replace(document.uri, "@").replace(document.uri.rsplit("/", 2)[-2], "#")
