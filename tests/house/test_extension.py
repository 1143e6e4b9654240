"""The VS Code extension agrees with the rest of the house: one version, commands that are there, files that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pointsman

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "vscode-extension"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
CONTRIBUTES: dict[str, Any] = MANIFEST["contributes"]
SOURCES = {path: path.read_text("utf-8") for path in sorted((EXTENSION / "src").rglob("*.ts"))}
SERVERS = re.compile(r"^pointsman\.server\.")
"""Commands of the language server, which is asked for them; an editor registers them when it is told of them."""


def registered() -> set[str]:
    """The commands that the sources register: by name, in a table of names, or under a prefix from a table of words."""
    found: set[str] = set()
    for text in SOURCES.values():
        constants = dict(re.findall(r'const (\w+) = "(pointsman\.[\w.]+)"', text))
        found |= set(re.findall(r'(?:registerCommand|register)\(\s*"(pointsman\.[\w.]+)"', text))
        found |= {constants[name] for name in re.findall(r"registerCommand\((\w+),", text) if name in constants}
        found |= set(re.findall(r'^\s+"(pointsman\.[\w.]+)": (?:async )?\(', text, re.M))
        for prefix in re.findall(r"\[`(pointsman\.[\w.]+\.)\$\{\w+\}`", text):
            table = re.search(r"const commands: [^\n]*\{\n(.*?)\n\s*\};", text, re.S)
            assert table, prefix
            found |= {prefix + word for word in re.findall(r"^\s{6}(\w+): ", table[1], re.M)}
    return found


def test_it_has_the_version_of_the_engine() -> None:
    assert MANIFEST["version"] == pointsman.__version__


def test_it_names_the_commands_that_it_registers() -> None:
    named = [entry["command"] for entry in CONTRIBUTES["commands"]]
    assert len(named) == len(set(named))
    assert set(named) == registered()


def test_what_it_runs_of_its_own_is_registered() -> None:
    built_in = re.compile(r"^pointsman\.\w+\.(focus|open|resetViewLocation)$")  # every view has them
    views = {view["id"] for group in CONTRIBUTES.get("views", {}).values() for view in group}
    for path, text in SOURCES.items():
        for name in re.findall(r'(?:executeCommand(?:<[^>]*>)?\(|command: )"(pointsman\.[\w.]+)"', text):
            known = name in registered() or (built_in.match(name) and name.rpartition(".")[0] in views)
            assert known or SERVERS.match(name), f"{path.relative_to(ROOT)} runs {name}"


def test_files_it_names_are_there() -> None:
    named = {MANIFEST["icon"], *re.findall(r'"\./([^"]+)"', json.dumps(CONTRIBUTES))}
    assert len(named) > 5
    for name in named:
        # The schemas are the reference's own, put in when it is built.
        path = ROOT / "docs" / "reference" / name[5:] if name.startswith("dist/schemas/") else EXTENSION / name
        assert path.is_file(), name


def test_modules_of_it_are_small_and_say_what_they_are_for() -> None:
    for path, text in SOURCES.items():
        assert len(text.splitlines()) <= 500, path
        assert text.startswith(("/**", "// ")), f"{path.relative_to(ROOT)} opens with one sentence"


def test_no_registry_is_named_in_the_lock_file() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    named = [entry["resolved"] for entry in lock["packages"].values() if "://" in entry.get("resolved", "")]
    assert not named, "make it with: npm install --omit-lockfile-registry-resolved"
