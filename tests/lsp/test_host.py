"""The analysis host: open texts before saved ones, one document per moment, and every change of a neighbour seen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from lsp.edge import introduced
from pointsman.language.analysis import Memory, prepare
from pointsman.language.source import Source
from pointsman.runtime.watch import Watches
from pointsman_lsp.analysis.disk import DiskFiles, Overlay
from pointsman_lsp.analysis.host import MOST_UNOPENED, AnalysisHost
from pointsman_lsp.text import Change, changed
from pointsman_lsp.uris import file_path, key_of, place_of

HEAD = "language: 1\npipeline: a\n"
ASKS = "  one: {ask: {kind: confirmation, question: 'Well?'}}\n"
USES = HEAD + "agents:\n  work: {python: 'm:f'}\nstages:\n  one: {agent: work}\n"
SHARED = HEAD + "stages:\n  one: {agent: shared}\n"
SETTINGS = "language = 1\n[agents.shared]\npython = 'm:f'\n"


def codes(host: AnalysisHost, uri: str) -> list[str]:
    document = host.document(uri)
    assert document is not None
    return [one.code for one in document.analysis.diagnostics]


def edit(text: str) -> Callable[[Any], Any]:
    return lambda source: changed(source, [Change(text)], "utf-16")


SPELLINGS = [
    ("file:///a/b.yaml", "file:///a/%62.yaml", True),
    ("file:///a/b.yaml", "FILE:///a/b.yaml", True),
    ("file:///a/b.yaml", "file://localhost/a/b.yaml", True),
    ("file:///a/b.yaml", "file:///a/./x/../b.yaml", True),
    ("file:///c%3A/b.yaml", "file:///C:/b.yaml", True),
    ("file:///c%3a/b.yaml", "file:///c%3A/b.yaml", True),
    ("file:///a/%C3%A9.yaml", "file:///a/é.yaml", True),
    ("file:///a/b.yaml", "file:///a/B.yaml", False),
    ("file:///a/b.yaml", "untitled:/a/b.yaml", False),
    ("untitled:Untitled-1", "untitled:Untitled%2D1", True),
    ("git:/a/b.yaml?HEAD", "git:/a/b.yaml?HEAD~1", False),
    ("file:///a/b.yaml", "file://host/a/b.yaml", False),
    ("file://[", "file://[", True),
]


@pytest.mark.parametrize(("one", "other", "same"), SPELLINGS)
def test_which_uris_are_one_document(one: str, other: str, same: bool) -> None:
    assert (key_of(one) == key_of(other)) == same


def test_where_a_document_lies() -> None:
    base = Path("/base")
    assert place_of("file:///a%20b/%C3%A9.yaml", base) == Path("/a b/é.yaml")
    assert place_of("untitled:Untitled-1", base) == base / "Untitled-1"
    assert place_of("untitled:/a/b.yaml", base) == Path("/a/b.yaml")
    assert place_of("file://[", base) == base / "untitled"
    assert place_of("odd", base) == base / "odd"
    assert file_path("file:///a%00b") == "/a\ufffdb"
    assert file_path("untitled:/a") is None


def test_the_same_document_while_nothing_changes(tmp_path: Path) -> None:
    host, uri = AnalysisHost(tmp_path), (tmp_path / "a.pipeline.yaml").as_uri()
    host.open(uri, "yaml", 1, USES)
    first = host.document(uri)
    assert first
    assert first.analysis
    assert host.document(uri) is first
    host.change(uri, 2, edit(USES + "\n"))
    second = host.document(uri)
    assert second is not None
    assert second is not first
    assert (first.version, second.version) == (1, 2)
    assert first.source.text() == USES


def test_a_neighbour_that_is_not_asked_about_costs_no_analysis(tmp_path: Path) -> None:
    host, uri = AnalysisHost(tmp_path), (tmp_path / "a.pipeline.yaml").as_uri()
    host.open(uri, "yaml", 1, USES)
    first = host.document(uri)
    assert first
    analysis = first.analysis
    host.open((tmp_path / "b.pipeline.yaml").as_uri(), "yaml", 1, USES)
    second = host.document(uri)
    assert second
    assert second.analysis is analysis
    assert second.disk.read(tmp_path / "b.pipeline.yaml") == USES.encode()


def test_open_texts_go_before_saved_ones(tmp_path: Path) -> None:
    host, uri = AnalysisHost(tmp_path), (tmp_path / "a.pipeline.yaml").as_uri()
    module = tmp_path / "m.py"
    module.write_text("def g(): ...\n")
    host.open(uri, "yaml", 1, USES)
    assert codes(host, uri) == ["unknown_callable"]
    host.open(module.as_uri(), "python", 1, "def f(): ...\n")
    assert codes(host, uri) == []
    assert host.users_of(module.as_uri()) == (uri,)
    host.change(module.as_uri(), 2, edit("def h(): ...\n"))
    assert codes(host, uri) == ["unknown_callable"]
    host.close(module.as_uri())
    module.write_text("def f(): ...\n")
    assert codes(host, uri) == []


def test_open_texts_are_found_through_links(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    host, uri = AnalysisHost(tmp_path), (link / "a.pipeline.yaml").as_uri()
    module = (link / "m.py").as_uri()
    host.open(module, "python", 1, "def f(): ...\n")
    host.open(uri, "yaml", 1, USES)
    assert codes(host, uri) == []
    assert host.users_of(module) == (uri,)
    assert host.spelled(real / "m.py") == (module, 1)
    assert host.spelled(real / "n.py") == ((real / "n.py").as_uri(), None)


def test_settings_count_as_they_are_typed_once_they_can_be_read(tmp_path: Path) -> None:
    settings, uri = tmp_path / "pointsman.toml", (tmp_path / "a.pipeline.yaml").as_uri()
    (tmp_path / "m.py").write_text("def f(): ...\n")
    settings.write_text("language = 1\n")
    host = AnalysisHost(tmp_path)
    host.open(uri, "yaml", 1, SHARED)
    assert codes(host, uri) == ["unknown_agent"]
    host.open(settings.as_uri(), "toml", 1, SETTINGS)
    assert host.users_of(settings.as_uri()) == (uri, settings.as_uri())
    assert codes(host, uri) == []
    host.change(settings.as_uri(), 2, edit(SETTINGS + "[agents.sh"))
    assert codes(host, uri) == []
    assert codes(host, settings.as_uri()) == ["toml_syntax"]
    settings.write_text(SETTINGS + "[agents.sh")  # saved like that, it is what the engine will refuse
    assert codes(host, uri) == ["unknown_agent"]
    host.close(settings.as_uri())
    settings.write_text(SETTINGS)
    assert codes(host, uri) == []
    settings.unlink()
    assert codes(host, uri) == ["unknown_agent"]


def test_a_nearer_root_is_seen(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text(SETTINGS)
    (tmp_path / "m.py").write_text("def f(): ...\n")
    (tmp_path / "inner").mkdir()
    host, uri = AnalysisHost(tmp_path), (tmp_path / "inner" / "a.pipeline.yaml").as_uri()
    host.open(uri, "yaml", 1, SHARED)
    document = host.document(uri)
    assert document
    assert document.source.path == "inner/a.pipeline.yaml"
    assert codes(host, uri) == []
    (tmp_path / "inner" / "pointsman.toml").write_text("language = 1\n")
    assert codes(host, uri) == ["unknown_agent"]
    document = host.document(uri)
    assert document
    assert document.source.path == "a.pipeline.yaml"


def test_documents_that_are_not_open_are_read_from_disk(tmp_path: Path) -> None:
    host, path = AnalysisHost(tmp_path), tmp_path / "a.pipeline.yaml"
    assert host.document(path.as_uri()) is None
    assert host.document((tmp_path / "a.py").as_uri()) is None
    assert host.document("untitled:a.pipeline.yaml") is None
    path.write_text(USES)
    first = host.document(path.as_uri())
    assert first
    assert first.version is None
    assert host.document(path.as_uri()) is first
    path.write_text(SHARED)
    assert codes(host, path.as_uri()) == ["unknown_agent"]
    for number in range(MOST_UNOPENED + 2):
        (tmp_path / f"{number}.pipeline.yaml").write_text(USES)
        assert host.document((tmp_path / f"{number}.pipeline.yaml").as_uri())
    path.unlink()
    assert host.document(path.as_uri()) is None


def test_a_file_is_read_again_when_it_is_another(tmp_path: Path) -> None:
    files, path = DiskFiles(), tmp_path / "a"
    assert files.read(str(path)) is None
    path.write_bytes(b"one")
    old = path.stat().st_mtime_ns - 10**10
    os.utime(path, ns=(old, old))
    first = files.read(str(path))
    assert first == b"one"
    assert files.read(str(path)) is first
    path.write_bytes(b"two")  # of the same size
    assert files.read(str(path)) == b"two"
    path.write_bytes(b"six")  # perhaps in the same tick of the file system's clock
    assert files.read(str(path)) == b"six"
    assert files.read(str(path)) is files.read(str(path))
    path.unlink()
    assert files.read(str(path)) is None
    assert files.read(str(tmp_path)) is None
    assert files.read("a\0b") is None


def test_names_in_a_folder_are_those_on_disk_and_those_that_are_open(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "c.txt").write_text("")
    disk = Overlay(DiskFiles(), {str(tmp_path / "a.txt"): b"", str(tmp_path / "b" / "d.txt"): b""})
    assert disk.names(tmp_path) == ("a.txt", "b/", "c.txt")
    assert disk.names(tmp_path / "b" / "..") == ("a.txt", "b/", "c.txt")
    assert disk.names(tmp_path / "b") == ("d.txt",)
    assert disk.names(tmp_path / "nowhere") == ()


class Disk:
    """A disk that says what it is told to say."""

    def __init__(self) -> None:
        self.listeners: dict[Path, Callable[[Collection[Path]], None]] = {}

    def listen(self, root: Path, changed: Callable[[Collection[Path]], None]) -> Callable[[], None]:
        assert root not in self.listeners
        self.listeners[root] = changed

        def left() -> None:
            del self.listeners[root]

        return left


async def test_a_file_that_changes_on_disk_changes_what_is_said_of_those_who_use_it(tmp_path: Path) -> None:
    disk, module, uri = Disk(), tmp_path / "m.py", (tmp_path / "a.pipeline.yaml").as_uri()
    module.write_text("def g(): ...\n")
    async with introduced(disk_changes=disk.listen) as client:
        client.open(uri, USES)
        assert [one["code"] for one in await client.diagnostics(uri)] == ["unknown_callable"]
        seen = len(client.received)
        module.write_text("def f(): ...\n")
        disk.listeners[tmp_path]([module])
        assert await client.diagnostics(uri, after=seen) == []
        disk.listeners[tmp_path]([])
        disk.listeners[tmp_path]([module])
        await client.settle()
        assert len(client.published(uri)) == 2
        assert await client.leave() == 0
    assert disk.listeners == {}


async def test_the_folders_of_open_documents_are_watched_wherever_they_are(tmp_path: Path) -> None:
    disk, (one, two, bare) = Disk(), (tmp_path / name for name in ("one", "two", "bare"))
    for folder in (one / "deep", two, bare / "prompts"):
        folder.mkdir(parents=True)
    for project in (one, two):
        (project / "pointsman.toml").write_text("language = 1\n")
    near, far, plain = ((folder / "a.pipeline.yaml").as_uri() for folder in (one / "deep", two, bare))
    async with introduced(root=one.as_uri(), disk_changes=disk.listen) as client:
        client.open(near, USES)
        await client.settle()
        assert one in disk.listeners
        assert one / "deep" not in disk.listeners
        client.open(far, SHARED)
        assert [one["code"] for one in await client.diagnostics(far)] == ["unknown_agent"]
        seen = len(client.received)
        (two / "pointsman.toml").write_text(SETTINGS)
        (two / "m.py").write_text("def f(): ...\n")
        disk.listeners[two]([two / "pointsman.toml"])
        assert await client.diagnostics(far, after=seen) == []
        # What nobody has marked as a project is watched only where a document looks.
        client.open(plain, USES.replace("{python: 'm:f'}", "{llm: {model: 'scripted:r.yaml', prompt: prompts/p.md}}"))
        await client.settle()
        assert {bare, bare / "prompts"} <= disk.listeners.keys()
        client.close(far)
        client.close(plain)
        await client.settle()
        assert not {two, bare, bare / "prompts"} & disk.listeners.keys()
        assert one in disk.listeners
    assert disk.listeners == {}


async def test_the_real_disk_of_two_projects_is_watched(tmp_path: Path) -> None:
    watches, (one, two) = Watches(), (tmp_path / name for name in ("one", "two"))
    for project in (one, two):
        project.mkdir()
        (project / "pointsman.toml").write_text(SETTINGS)
    uri = (two / "a.pipeline.yaml").as_uri()
    async with introduced(root=one.as_uri(), disk_changes=watches.listen) as client:
        client.open((one / "a.pipeline.yaml").as_uri(), SHARED)
        client.open(uri, USES)
        await client.settle()
        seen = len(client.received)
        (two / "m.py").write_text("def g(): ...\n")
        found = await client.diagnostics(uri, after=seen)
        assert [one["code"] for one in found] == ["unknown_callable"]
    assert watches.roots == ()
    await watches.close()


async def test_a_client_may_watch_the_disk_instead(tmp_path: Path) -> None:
    module, uri = tmp_path / "m.py", (tmp_path / "a.pipeline.yaml").as_uri()
    async with introduced() as client:
        client.open(uri, USES)
        assert await client.diagnostics(uri) == []  # the module may be installed
        module.write_text("def g(): ...\n")
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": module.as_uri(), "type": 1}]})
        await client.settle()
        assert client.published(uri) == [(1, []), (1, ["unknown_callable"])]


async def test_an_edit_of_an_open_neighbour_is_seen(tmp_path: Path) -> None:
    module, uri = (tmp_path / "m.py").as_uri(), (tmp_path / "a.pipeline.yaml").as_uri()
    async with introduced() as client:
        client.open(module, "def g(): ...\n", language="python")
        client.open(uri, USES)
        assert [one["code"] for one in await client.diagnostics(uri)] == ["unknown_callable"]
        seen = len(client.received)
        insert = {"range": {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 5}}, "text": "f"}
        client.change(module, insert)
        assert await client.diagnostics(uri, after=seen) == []
        seen = len(client.received)
        client.close(module)
        client.close(uri)
        await client.settle()
        assert client.published(module) == []


async def test_a_document_is_one_however_its_uri_is_spelled(tmp_path: Path) -> None:
    uri = (tmp_path / "a.pipeline.yaml").as_uri()
    odd = uri.replace("a.pipeline", "%61%2Epipeline")
    async with introduced() as client:
        client.open(odd, USES)
        assert await client.diagnostics(odd) == []
        client.change(uri, SHARED, version=2)
        assert await client.diagnostics(odd, 2)
        answer = await client.at("textDocument/documentHighlight", uri, 3, 9)
        assert answer["result"] is not None
        client.close(uri)
        await client.settle()
        assert client.published(uri) == [(None, [])]


async def test_folders_come_and_go(tmp_path: Path) -> None:
    """A text that was never saved belongs to the first folder that is open."""
    for name, data in (("one", SETTINGS), ("two", "language = 1\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pointsman.toml").write_text(data)
        (tmp_path / name / "m.py").write_text("def f(): ...\n")
    one, two = ({"uri": (tmp_path / name).as_uri(), "name": name} for name in ("one", "two"))
    async with introduced(root=two["uri"]) as client:
        client.open("untitled:a.pipeline.yaml", SHARED)
        assert [one["code"] for one in await client.diagnostics("untitled:a.pipeline.yaml")] == ["unknown_agent"]
        event = {"event": {"added": [one], "removed": [two]}}
        client.notify("workspace/didChangeWorkspaceFolders", event)
        client.open("untitled:b.pipeline.yaml", SHARED)
        assert await client.diagnostics("untitled:b.pipeline.yaml") == []


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "file://",
        "file:///",
        "file://[",
        "file:///a%00.pipeline.yaml",
        "file:///" + "x" * 5000 + ".pipeline.yaml",
        "\ud800",
    ],
)
async def test_no_uri_breaks_anything(uri: str) -> None:
    async with introduced() as client:
        for language in ("yaml", "pointsman"):
            client.open(uri, SHARED, language=language)
            answer = await client.at("textDocument/documentHighlight", uri, 3, 9)
            assert "result" in answer
            client.change(uri, USES)
            client.close(uri)
            assert "result" in await client.at("textDocument/documentHighlight", uri, 3, 9)
        await client.settle()
        assert not [one for one in client.received if one.get("method") == "window/logMessage"]


async def test_a_client_that_asks_before_it_is_told(tmp_path: Path) -> None:
    """Questions about files that are not open are answered from disk."""
    path = tmp_path / "a.pipeline.yaml"
    path.write_text(USES)
    async with introduced() as client:
        symbols, folds = await asyncio.gather(
            client.request("textDocument/documentSymbol", {"textDocument": {"uri": path.as_uri()}}),
            client.request("textDocument/foldingRange", {"textDocument": {"uri": (tmp_path / "no.py").as_uri()}}),
        )
        assert [one["name"] for one in symbols["result"]] == ["a"]
        assert folds["result"] is None


def long_text(stages: int, agent: str = "work") -> str:
    head = HEAD + "agents:\n  work: {python: 'm:f'}\nstages:\n"
    after = [*(f"s{number}" for number in range(1, stages)), "end"]
    return head + "".join(f"  s{number}:\n    agent: {agent}\n    next: {name}\n" for number, name in enumerate(after))


def test_what_was_prepared_is_not_checked_again_when_its_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memories: list[Memory] = []

    def kept(source: Source, memory: Memory, *more: Any) -> Iterator[None]:
        memories.append(memory)
        return prepare(source, memory, *more)

    monkeypatch.setattr("pointsman_lsp.analysis.host.prepare", kept)
    (tmp_path / "m.py").write_text("def f(): ...\n")
    host, uri = AnalysisHost(tmp_path), (tmp_path / "a.pipeline.yaml").as_uri()
    host.open(uri, "yaml", 1, USES)
    for _ in host.prepare(uri):
        pass
    before = memories[0].statistics()
    assert codes(host, uri) == []
    assert memories[0].statistics() == before


def test_what_is_left_half_prepared_is_gone_on_with(tmp_path: Path) -> None:
    host, uri = AnalysisHost(tmp_path), (tmp_path / "a.pipeline.yaml").as_uri()
    host.open(uri, "yaml", 1, long_text(300))
    whole = sum(1 for _ in host.prepare(uri))
    assert sum(1 for _ in host.prepare(uri)) == 0
    host.open(uri, "yaml", 1, long_text(300))
    first = [one for one, _ in zip(range(whole // 2), host.prepare(uri), strict=False)]
    assert 0 < len(first) + sum(1 for _ in host.prepare(uri)) <= whole
    host.change(uri, 2, edit(long_text(300) + "# a word\n"))
    assert sum(1 for _ in host.prepare(uri)) == 0
    host.change(uri, 3, edit(long_text(2_000, agent="idle")))
    assert sum(1 for _ in host.prepare(uri)) > 0
    assert "unknown_agent" in codes(host, uri)


async def test_a_large_text_that_is_opened_keeps_nobody_waiting(tmp_path: Path) -> None:
    """While it is prepared, others are served, its own client is heard, and an edit starts it anew."""
    large, small = "file:///nowhere/large.pipeline.yaml", "file:///nowhere/small.pipeline.yaml"
    async with introduced() as one, introduced() as other:
        other.open(small, SHARED)
        await other.diagnostics(small)
        one.open(large, long_text(3_000))
        asked = one.ask("textDocument/documentSymbol", {"textDocument": {"uri": large}})
        answers = 0
        while not any(message.get("id") == asked for message in one.received):
            await other.at("textDocument/documentHighlight", small, 3, 9)
            answers += 1
        assert answers > 10
        again = one.ask("textDocument/documentSymbol", {"textDocument": {"uri": large}})
        one.change(large, long_text(3_000, agent="idle"))
        assert (await one.response(again))["error"]["code"] == -32801
        assert len(await one.diagnostics(large, 2)) >= 3_000
        assert [version for version, _ in one.published(large)] in ([2], [1, 2])
