"""The reference page of the journal says what the code does: run this file to write its tables anew."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import msgspec

from conformance.store_suite import create, records, stage
from pointsman.journal import open_store
from pointsman.journal.codec import BLOB_BYTES
from pointsman.kernel import events as ev

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "journal.md"


def first_paragraph(doc: str | None) -> str:
    return " ".join((doc or "").split("\n\n")[0].split())


def shape(hint: object) -> str:
    """A field's type in JSON's words; our own structs by name."""
    text = re.sub(r"pointsman\.kernel\.events\.|<class '|'>|typing\.", "", str(hint))
    text = re.sub(r"tuple\[([\w |]+), \.\.\.\]", r"list of \1", text)
    text = re.sub(r"dict\[str, (\w+)\]", r"object of \1", text)
    words = {"Any": "JSON", "str": "string", "int": "integer", "float": "number", "bool": "boolean", "None": "null"}
    return re.sub(r"\w+", lambda word: words.get(word[0], word[0]), text).replace(" | ", " or ")


def fields(struct: type[msgspec.Struct]) -> str:
    hints = get_type_hints(struct)
    infos = msgspec.structs.fields(struct)
    return ", ".join(f"`{info.encode_name}` {shape(hints[info.name])}" for info in infos)


def event_rows(kinds: tuple[type[ev.Event], ...]) -> Iterator[str]:
    yield "| kind | v | what happened | fields |"
    yield "|---|---|---|---|"
    for event in kinds:
        tag = str(event.__struct_config__.tag)
        version = ev.VERSIONS.get(tag, 1)
        yield f"| `{tag}` | {version} | {first_paragraph(event.__doc__)} | {fields(event)} |"


def part_rows() -> Iterator[str]:
    yield "| part | what it is | fields |"
    yield "|---|---|---|"
    for part in (ev.ErrorInfo, ev.Usage, ev.Pin, ev.PolicyStamp, ev.Operand, ev.Candidate):
        yield f"| {part.__name__} | {first_paragraph(part.__doc__)} | {fields(part)} |"


TABLES = {
    "observed": "\n".join(event_rows(ev.Observed.__args__)),
    "derived": "\n".join(event_rows(ev.DERIVED)),
    "parts": "\n".join(part_rows()),
}


def written(page: str) -> str:
    """The page with its generated tables as they have to be."""
    for name, table in TABLES.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
        assert re.search(pattern, page, re.S), f"the page has no place for {name}"
        page = re.sub(pattern, lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page, flags=re.S)  # type: ignore[misc]  # mypy can not see the default
    return page


def test_the_page_knows_every_event() -> None:
    page = PAGE.read_text("utf-8")
    assert page == written(page), f"run: python {Path(__file__).name}"


def test_the_page_knows_every_column(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    page = PAGE.read_text("utf-8")
    for (table,) in store._con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        section = page.partition(f"### `{table}`\n")[2].partition("\n#")[0]
        told = re.findall(r"^\| `(\w+)` \|", section, re.M)
        assert told == [row[1] for row in store._con.execute(f"PRAGMA table_info({table})")], table
    store.close()


def test_the_page_knows_the_numbers() -> None:
    page = PAGE.read_text("utf-8")
    assert f"semantics {ev.SEMANTICS} " in page
    assert f"over {BLOB_BYTES // 1024} KiB" in page


def test_the_page_knows_every_code() -> None:
    """Every refusal this package raises is explained."""
    page = PAGE.read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (PAGE.parents[2] / "engine/pointsman/journal").glob("*.py")]
    raised = re.findall(r'(?:JournalError|Fenced|RunUnavailable|Misuse)\(\s*"(\w+)"', "\n".join(sources))
    assert {code for code in raised if f"| `{code}` |" not in page} == set()


def test_the_digest_is_made_as_the_page_says(tmp_path: Path) -> None:
    """The program of the page, run as it stands there."""
    store = open_store(tmp_path)
    create(store)
    store.append("run-1", 1, [*stage(2, "x" * 70_000), *records(6, ev.RunEnded("completed"))])
    program = PAGE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, object] = {}
    exec(program, names)
    con = sqlite3.connect(store.path)
    check = names["check"]
    assert callable(check)
    assert check(con, "run-1") is None
    con.execute("UPDATE events SET branch = 'x' WHERE seq = 4")
    assert check(con, "run-1") == 4
    con.close()
    store.close()


def test_sql_of_the_page_runs(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    create(store)
    store.append("run-1", 1, [*stage(2, "x"), *records(6, ev.RunEnded("completed"))])
    statements = re.findall(r'sqlite3 [^"\n]*journal\.db "([^"]+)"', PAGE.read_text("utf-8"))
    assert len(statements) >= 3
    for statement in statements:
        assert store._con.execute(statement.replace("RUN", "run-1")).fetchall(), statement
    store.close()


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
    sys.exit(0)
