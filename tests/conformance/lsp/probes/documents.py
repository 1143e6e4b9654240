"""Documents: opened, changed and closed in an order that clients should keep, and sometimes do not."""

from __future__ import annotations

from conformance.lsp.client import Text
from conformance.lsp.probe import Finding, Room, absent, failed, otherwise, passed, probe, survives
from conformance.lsp.view import diagnostics, pushed, pushes

SYNC = "Text Document Synchronization"
CHANGES = [{"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}, "text": "x"}]


@probe("document.change-unopened", SYNC, "goes on")
def change_unopened(room: Room) -> Finding:
    """An edit of a document that was never opened."""
    client = room.shared()
    client.change(Text(client.uri(), 1, ""), CHANGES, "x")
    return survives(client)


@probe("document.close-unopened", SYNC, "goes on")
def close_unopened(room: Room) -> Finding:
    """Closing and saving one that was never opened."""
    client = room.shared()
    client.close(Text(client.uri(), 1, ""))
    client.notify("textDocument/didSave", {"textDocument": {"uri": client.uri()}})
    return survives(client)


@probe("document.open-twice", f"{SYNC}: must not be sent more than once", "goes on")
def open_twice(room: Room) -> Finding:
    """Opened again while open."""
    client = room.shared()
    document = client.open(room.profile.document())
    client.open(room.profile.document("again"), document.uri)
    finding = survives(client)
    client.close(document)
    return finding


@probe("document.version-backwards", f"{SYNC}: versions increase", "goes on")
def version_backwards(room: Room) -> Finding:
    """Version 9, then 3, then 3 again."""
    client = room.shared()
    document = client.open(room.profile.document())
    for version in (9, 3, 3):
        document.version = version - 1
        client.change(document, CHANGES, "x" + document.text)
    finding = survives(client)
    client.close(document)
    return finding


@probe("document.odd-uris", "URI", "goes on")
def odd_uris(room: Room) -> Finding:
    """Documents that are no files, and names that are no plain ones."""
    client = room.shared()
    root = client.root.as_uri()
    uris = ["untitled:Untitled-1", "git:/a?b#c", f"{root}/%C3%A4%20%23.txt", f"{root}/\u00e4 b", "file:///c%3A/a", "x:"]
    for uri in uris:
        client.close(client.open(room.profile.document(), uri))
    return survives(client)


@probe("document.nul-and-bom", "Text Document Item", "goes on")
def odd_characters(room: Room) -> Finding:
    """A text with NUL, a byte order mark, and nothing at all."""
    client = room.shared()
    for text in (room.profile.document("a\0b"), "\ufeff" + room.profile.document(), ""):
        client.close(client.open(text))
    return survives(client)


@probe("document.close-clears", "PublishDiagnostics: single-file languages clear them", "an empty list")
def close_clears(room: Room) -> Finding:
    """What was pushed for a document is taken back when it is closed; a project's language may keep it."""
    client = room.shared()
    if not room.profile.error:
        return absent("the profile knows no error")
    if not pushes(client):
        return absent("diagnostics are not pushed")
    document = client.open(room.profile.document())
    if not diagnostics(client, document):
        return absent("no diagnostics")
    client.close(document)
    cleared = client.sees(client.times.grace, lambda: pushed(client, document) == "[]")
    if not client.alive():
        return failed("answers no more")
    return passed("an empty list") if cleared else otherwise("kept")
