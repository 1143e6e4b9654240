"""The pages about VS Code name what the extension has, all of it; pictures and places in pages are there, each used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MANIFEST: dict[str, Any] = json.loads((ROOT / "vscode-extension" / "package.json").read_text("utf-8"))
CONTRIBUTES: dict[str, Any] = MANIFEST["contributes"]
PAGES = {path: path.read_text("utf-8") for path in sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])}
FRONT = ROOT / "vscode-extension" / "README.md"
"""What the editor shows of the extension: it has no repository to find links in."""
VSCODE = DOCS / "how-to" / "use-with-vscode.md"
HIDDEN = {"pointsman.pickInput", "pointsman.rerun", "pointsman.startWithInput", "pointsman.leaveInput"}
"""Commands that are pressed where they are offered, or stand in a launch.json: nobody looks for them by name."""


def rows(text: str, heading: str) -> set[str]:
    """The first column of the table under a heading."""
    found = re.search(rf"^\| `{heading}` \|.*\n\|---.*\n((?:\|.*\n)+)", text, re.M)
    assert found, heading
    return {key for line in found[1].splitlines() for key in re.findall(r"`(\w+)`", line.split("|")[1])}


def anchors(text: str) -> set[str]:
    """What a page's headings are linked by, as GitHub makes it."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    titles = re.findall(r"^#+ (.*)", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("request_", ["launch", "attach"])
@pytest.mark.parametrize("page", [VSCODE, FRONT], ids=lambda path: path.stem)
def test_every_key_of_a_launch_configuration_is_explained(page: Path, request_: str) -> None:
    [debugger] = CONTRIBUTES["debuggers"]
    keys = set(debugger["configurationAttributes"][request_]["properties"])
    assert rows(page.read_text("utf-8"), request_) == keys


def test_every_setting_and_every_command_is_on_the_page() -> None:
    text = PAGES[VSCODE]
    for setting in CONTRIBUTES["configuration"]["properties"]:
        assert f"| `{setting}` |" in text
    for entry in CONTRIBUTES["commands"]:
        assert entry["title"] in text or entry["command"] in HIDDEN, entry["command"]


def test_commands_that_pages_name_are_there() -> None:
    titles = {f"{entry['category']}: {entry['title']}" for entry in CONTRIBUTES["commands"]}
    for path, text in [*PAGES.items(), (FRONT, FRONT.read_text("utf-8"))]:
        for named in re.findall(r"\*\*(Pointsman:\s[^*]+)\*\*", text):
            assert " ".join(named.split()) in titles, f"{path.relative_to(ROOT)} names {named}"


def test_a_link_to_a_place_in_a_page_leads_there() -> None:
    for path, text in PAGES.items():
        for link, place in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", text):
            if "://" not in link:
                target = (path.parent / link).resolve() if link else path
                assert place in anchors(PAGES[target]), f"{path.relative_to(ROOT)} links to {link}#{place}"


def test_every_picture_is_shown_and_says_what_it_shows() -> None:
    shown: set[Path] = set()
    for path, text in PAGES.items():
        for words, link in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text):
            assert len(words) > 20, f"{path.relative_to(ROOT)}: {link} has no words for those who do not see it"
            shown.add((path.parent / link).resolve())
    assert shown == set((DOCS / "images").iterdir())


def test_the_extensions_own_page_has_no_links_that_its_readers_can_not_follow() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", FRONT.read_text("utf-8"))
    assert all("://" in link for link in links)


@pytest.mark.parametrize(
    "name", ["tutorials/first-debug-session.md", "how-to/use-with-vscode.md", "how-to/troubleshooting.md"]
)
def test_the_pages_stay_readable_at_one_sitting(name: str) -> None:
    assert len(PAGES[DOCS / name].splitlines()) <= 200
