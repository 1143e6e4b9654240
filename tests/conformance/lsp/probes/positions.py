"""Positions: three encodings, three line ends, characters that only look like line ends, and places that are none."""

from __future__ import annotations

from conformance.lsp import positions
from conformance.lsp.calls import announced
from conformance.lsp.capabilities import FULL, offering
from conformance.lsp.client import Client, Text
from conformance.lsp.framing import Json
from conformance.lsp.probe import Finding, Room, Verdict, absent, failed, passed, probe
from conformance.lsp.profile import NOTE
from conformance.lsp.view import diagnostics, places, pushed, same_pushed, settle, view

TRAIN = "\U0001f682"
POSITION = "Position"
LINES = "Text Documents: line ends"
MIXED = "\u00e4\u6f22" + TRAIN + "e\u0301"


@probe("encoding.default", "PositionEncodingKind: utf-16 is the default", "utf-16, and places so", fresh=True)
def without_encodings(room: Room) -> Finding:
    """A client that says nothing about encodings."""
    return _encoding(room, {key: value for key, value in FULL.items() if key != "general"}, ["utf-16"])


@probe("encoding.utf-16", "PositionEncodingKind", "utf-16, and places so", fresh=True)
def only_utf_16(room: Room) -> Finding:
    """The one that every server knows."""
    return _encoding(room, offering("utf-16"), ["utf-16"])


@probe("encoding.utf-8-first", "PositionEncodingKind", "one offered, and places so", fresh=True)
def utf_8_first(room: Room) -> Finding:
    """All three are offered, as by Neovim."""
    return _encoding(room, offering("utf-8", "utf-16", "utf-32"), ["utf-8", "utf-16", "utf-32"])


@probe("encoding.utf-32-first", "PositionEncodingKind", "one offered, and places so", fresh=True)
def utf_32_first(room: Room) -> Finding:
    """All three, as by Emacs."""
    return _encoding(room, offering("utf-32", "utf-8", "utf-16"), ["utf-8", "utf-16", "utf-32"])


def _encoding(room: Room, capabilities: Json, offered: list[str]) -> Finding:
    with room.client(capabilities=capabilities) as client:
        if client.encoding not in offered:
            return failed(f"chooses {client.encoding}, which was not offered")
        told = _told_place(room, client)
        if told.verdict is Verdict.FAIL:
            return told
        edited = _edit(room, client, room.profile.document(MIXED), [(TRAIN, "y"), (room.profile.symbol, "changed")])
        if edited.verdict is Verdict.FAIL:
            return edited
        return passed(client.encoding, f"place of an error: {told.found}", f"edits: {edited.found}")


def _told_place(room: Room, client: Client) -> Finding:
    profile = room.profile
    if not profile.error:
        return absent("the profile knows no error")
    text = profile.line.replace(NOTE, MIXED)
    document = client.open(text)
    found = [one["range"]["start"] for one in diagnostics(client, document)]
    client.close(document)
    wanted = positions.span(text, profile.line_error, client.encoding)["start"]
    if not found:
        return absent("no diagnostics")
    where = f"{wanted['line']}:{wanted['character']}"
    others = ", ".join(f"{one['line']}:{one['character']}" for one in found)
    return passed(where) if wanted in found else failed(f"error at {others}, is at {where} in {client.encoding}")


def _edit(room: Room, client: Client, before: str, edits: list[tuple[str, str]]) -> Finding:
    """Replace words one notification after the other; what the server then shows must be what a fresh copy shows."""
    after = before
    changes = []
    for word, other in edits:
        changes.append([{"range": positions.span(after, word, client.encoding), "text": other}])
        after = positions.replaced(after, word, other)
    return _changes(client, before, changes, after)


def _changes(client: Client, before: str, changes: list[list[Json]], after: str) -> Finding:
    if client.sync == 0:
        return absent("the server takes no changes")
    notes: list[str] = []
    if client.sync == 1 and len(changes[0]) and "range" in changes[0][0]:
        notes = ["changes are sent as whole texts"]
    document = client.open(before)
    twin = client.open(after)
    settle(client, document)
    settle(client, twin)
    first = (view(client, document, after), pushed(client, document))
    for i, one in enumerate(changes):
        client.change(document, one, after if i == len(changes) - 1 else document.text)
    wanted = view(client, twin, after)
    found = view(client, document, after)
    same = same_pushed(client, document, twin)
    shown = (wanted, pushed(client, twin))
    for one_document in (document, twin):
        client.close(one_document)
    if first == shown:
        return absent("nothing the server shows tells these texts apart")
    different = sorted({key.split()[0] for key in wanted if wanted[key] != found[key]})
    if not same:
        different.append("textDocument/publishDiagnostics")
    if different:
        return failed(f"not as in a fresh copy: {', '.join(different)}")
    return passed("as in a fresh copy", *notes)


def _words(room: Room) -> list[tuple[str, str]]:
    profile = room.profile
    return [(profile.symbol, "changed"), *([(profile.error, profile.mended)] if profile.error else [])]


def _separator(room: Room, character: str) -> Finding:
    client, profile = room.shared(), room.profile
    # Everything must stand where it stands with plain characters of the same number in their place.
    shown = []
    for note in (f"a{character}b", "a" + "-" * len(character) + "b"):
        document = client.open(profile.document(note))
        shown.append(places(view(client, document, document.text)))
        client.close(document)
    if moved := sorted({key.split()[0] for key in shown[0] if shown[0][key] != shown[1][key]}):
        return failed(f"takes it for a line end: {', '.join(moved)}")
    return _edit(room, client, profile.document(f"a{character}b"), _words(room))


@probe("lines.u+2028", LINES, "edits as in a fresh copy")
def line_separator(room: Room) -> Finding:
    """LINE SEPARATOR ends no line."""
    return _separator(room, "\u2028")


@probe("lines.u+2029", LINES, "edits as in a fresh copy")
def paragraph_separator(room: Room) -> Finding:
    """Nor does PARAGRAPH SEPARATOR."""
    return _separator(room, "\u2029")


@probe("lines.u+0085", LINES, "edits as in a fresh copy")
def next_line(room: Room) -> Finding:
    """Nor NEXT LINE."""
    return _separator(room, "\u0085")


@probe("lines.form-feed", LINES, "edits as in a fresh copy")
def form_feed(room: Room) -> Finding:
    """Nor the vertical tab and the form feed."""
    return _separator(room, "\x0b\x0c")


@probe("lines.crlf", LINES, "edits as in a fresh copy")
def crlf(room: Room) -> Finding:
    """Windows."""
    return _edit(room, room.shared(), room.profile.document().replace("\n", "\r\n"), _words(room))


@probe("lines.lone-cr", LINES, "edits as in a fresh copy")
def lone_cr(room: Room) -> Finding:
    """A carriage return alone is the third line end."""
    return _edit(room, room.shared(), room.profile.document().replace("\n", "\r"), _words(room))


@probe("edit.behind-emoji", f"{POSITION}: code units", "edits as in a fresh copy")
def behind_emoji(room: Room) -> Finding:
    """In one line: what stands behind a character of two code units."""
    profile = room.profile
    return _edit(room, room.shared(), profile.line.replace(NOTE, TRAIN), [(profile.line_error, profile.mended)])


@probe("edit.one-by-one", "TextDocumentContentChangeEvent: applied in order", "edits as in a fresh copy")
def several_changes(room: Room) -> Finding:
    """Changes of one notification, each counted in the text that the one before left."""
    client, profile = room.shared(), room.profile
    before = profile.document()
    start = positions.span(before, profile.symbol, client.encoding)
    longer = positions.replaced(before, profile.symbol, f"\n\n{profile.symbol}")
    after = positions.replaced(before, profile.symbol, "changed")
    changes = [
        {"range": {"start": start["start"], "end": start["start"]}, "text": "\n\n"},
        {"range": positions.span(longer, profile.symbol, client.encoding), "text": "changed"},
        {
            "range": {
                "start": start["start"],
                "end": {"line": start["start"]["line"] + 2, "character": 0},
            },
            "text": "",
        },
    ]
    return _changes(client, before, [changes], after)


@probe("edit.whole-text", "TextDocumentContentChangeEvent: without a range", "edits as in a fresh copy")
def whole_text(room: Room) -> Finding:
    """A whole text may come at any time, and edits go on from there."""
    client, profile = room.shared(), room.profile
    before = profile.document()
    longer = "\n" + profile.document(TRAIN)
    after = positions.replaced(longer, profile.symbol, "changed")
    change = {"range": positions.span(longer, profile.symbol, client.encoding), "text": "changed"}
    return _changes(client, before, [[{"text": longer}, change]], after)


@probe("edit.past-line-end", f"{POSITION}: defaults back to the line length", "edits as in a fresh copy")
def past_line_end(room: Room) -> Finding:
    """A character beyond the line is its end."""
    client, profile = room.shared(), room.profile
    before = profile.document()
    start = positions.span(before, profile.symbol, client.encoding)["start"]
    # From the symbol to far behind the line's end: the line end itself stays.
    end = before.index("\n", before.rindex(profile.symbol))
    after = before[: before.rindex(profile.symbol)] + "changed" + before[end:]
    change = {"range": {"start": start, "end": {"line": start["line"], "character": 100_000}}, "text": "changed"}
    return _changes(client, before, [[change]], after)


@probe("edit.at-the-end", "Text Documents", "edits as in a fresh copy")
def at_the_end(room: Room) -> Finding:
    """Behind the last character of a last line without a line end."""
    client = room.shared()
    before = room.profile.document().rstrip("\n")
    at = positions.place(before, len(before), client.encoding)
    return _changes(client, before, [[{"range": {"start": at, "end": at}, "text": "\nextra"}]], before + "\nextra")


@probe("edit.past-the-last-line", f"{POSITION}: defaults back to the number of lines", "edits as in a fresh copy")
def past_the_last_line(room: Room) -> Finding:
    """A line beyond the last is the end of the text."""
    client = room.shared()
    before = room.profile.document()
    at = {"line": 99_999, "character": 0}
    return _changes(client, before, [[{"range": {"start": at, "end": at}, "text": "extra"}]], before + "extra")


@probe("position.nowhere", POSITION, "answered")
def nowhere(room: Room) -> Finding:
    """Requests at places that are none: behind the line, behind the text, as far as numbers go, inside a character."""
    client = room.shared()
    document: Text = client.open(room.profile.document(TRAIN))
    inside = positions.place(document.text, document.text.index(TRAIN), client.encoding)
    far = 2**31 - 1
    places = [(0, 100_000), (100_000, 0), (far, far), (inside["line"], inside["character"] + 1)]
    calls = [
        (call.method, call.params(document.uri, {"line": line, "character": character}))
        for call in announced(client)
        if "position" in str(call.params("", {})) or "range" in str(call.params("", {}))
        if call.method.startswith("textDocument/")
        for line, character in places
    ]
    answers = client.call_all(calls)
    client.close(document)
    lost = sorted({method for (method, _), answer in zip(calls, answers, strict=True) if answer is None})
    if lost or not client.alive():
        return failed(f"no answer to {', '.join(lost) or 'what comes next'}")
    return passed(f"{len(calls)} answered") if calls else absent("nothing is asked at a position")
