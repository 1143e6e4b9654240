"""The page of the graph view alone in a browser: drawn in each kind of theme, lit by a run, used by hand and by key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from editors.workbench import ROOT, environment

EXTENSION = ROOT / "vscode-extension"
PIPELINES = sorted((ROOT / "examples").rglob("*.pipeline.yaml"))
THEMES = {
    "vscode-dark": {"editor-background": "#1f1f1f", "foreground": "#cccccc"},
    "vscode-light": {"editor-background": "#ffffff", "foreground": "#3b3b3b"},
    "vscode-high-contrast": {"editor-background": "#000000", "foreground": "#ffffff", "contrastBorder": "#6fc3df"},
}
HOST = """window.told = []
window.acquireVsCodeApi = () => ({postMessage: m => told.push(m), getState: () => null, setState: () => {}})"""
STILL = "() => document.getAnimations().length === 0"
PLACE = "one => { const {x, y, width, height} = one.getBoundingClientRect(); return [x, y, width, height] }"
Open = Callable[..., Page]
Graph = Any


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's script and styles, as the extension's own build makes them."""
    to = tmp_path_factory.mktemp("page") / "graph.js"
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    entry = EXTENSION / "src" / "graph" / "webview" / "main.ts"
    how = ["--bundle", "--format=iife", f"--outfile={to}", "--log-level=warning"]
    subprocess.run([esbuild, entry, *how], env=environment(), check=True)
    return to


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    script = EXTENSION / "test" / "unit" / "graph" / "graphs.py"
    told = subprocess.run([sys.executable, script, *PIPELINES], capture_output=True, check=True, text=True).stdout
    return {graph["name"]: graph for found in json.loads(told) for graph in found}


@pytest.fixture
def open_page(browser: Browser, built: Path, graphs: dict[str, Graph], tmp_path: Path) -> Open:
    """Opens the page with a graph in it, in a theme."""

    def opened(name: str, theme: str = "vscode-dark", **options: Any) -> Page:
        page = browser.new_page(viewport={"width": 900, "height": 1200}, **options)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        style = ";".join(f"--vscode-{key}: {value}" for key, value in THEMES[theme].items())
        css, script = built.with_suffix(".css").read_text("utf-8"), built.read_text("utf-8")
        page.set_content(
            f'<html style="{style}"><style>{css}</style><body class="{theme}">'
            f"<script>{HOST}</script><script>{script}</script>"
        )
        tell(page, type="graph", uri="file:///a", file="a", pipelines=[name], graph=graphs[name], stale="")
        expect(page.locator(".node")).to_have_count(len(graphs[name]["nodes"]))
        return page

    return opened


def tell(page: Page, **message: Any) -> None:
    """What the extension would say to its page."""
    page.evaluate("message => window.postMessage(message, '*')", message)


def told(page: Page, kind: str) -> list[Any]:
    """What the page has said to the extension."""
    return [one for one in page.evaluate("window.told") if one["type"] == kind]


def keep(page: Page, name: str) -> None:
    """A picture to look at, where a person wants some."""
    if kept := os.environ.get("POINTSMAN_PICTURES"):
        page.screenshot(path=Path(kept) / f"{name}.png")


def light(**stages: str) -> dict[str, Any]:
    """A run in which the stages have these statuses, the last of them current."""
    made = {id: {"status": status, "visits": 1, "tookMs": 1200} for id, status in stages.items()}
    edges = {f"{one} {other}": 1 for one, other in zip(stages, list(stages)[1:], strict=False)}
    trace = {"stages": made, "edges": edges, "current": list(stages)[-1:]}
    return {"run": "r", "status": "running", "trace": trace, "reused": [], "notes": {}}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["support_triage", "pull_request_gate"])
def test_all_of_it_is_seen_and_no_text_is_cut(open_page: Open, name: str, theme: str) -> None:
    page = open_page(name, theme)
    cut = page.evaluate("""() => [...document.querySelectorAll('.node')].flatMap(node => {
        const shape = (node.querySelector('.body') ?? node.querySelector('.reach')).getBoundingClientRect()
        return [...node.querySelectorAll('text')].filter(text => {
            const box = text.getBoundingClientRect()
            return box.left < shape.left || box.right > shape.right || box.top < shape.top || box.bottom > shape.bottom
        }).map(text => `${node.dataset.key}: ${text.textContent}`)
    })""")
    assert cut == []
    for one in page.locator(".node, .label").all():
        expect(one).to_be_in_viewport(ratio=0.999)
    lit = light(triage="done", approve="asking") if name == "support_triage" else light(history="done", range="running")
    tell(page, type="light", light=lit)
    keep(page, f"{name}-{theme}")


def test_a_run_lights_it(open_page: Open) -> None:
    page = open_page("support_triage")
    tell(page, type="light", light=light(triage="done", approve="asking"))
    expect(page.locator(".node[data-key=triage]")).to_have_attribute("data-status", "done")
    expect(page.locator(".node[data-key=triage] .took")).to_have_text("1.2 s")
    expect(page.locator(".node.current")).to_have_attribute("data-key", "approve")
    expect(page.locator(".edge.taken")).to_have_count(1)
    tell(page, type="light", light=None)
    expect(page.locator("[data-status]")).to_have_count(0)


def test_who_wants_no_motion_sees_none(open_page: Open) -> None:
    page = open_page("support_triage", reduced_motion="reduce")
    tell(page, type="light", light=light(triage="running"))
    ring = page.locator(".node.current .ring")
    expect(ring).to_have_css("animation-name", "none")


def test_a_held_run_stands_still(open_page: Open) -> None:
    page = open_page("support_triage")
    icon = page.locator(".node[data-key=triage] .outcome .icon path")
    tell(page, type="light", light=light(triage="running"))
    running = icon.get_attribute("d")
    tell(page, type="light", light={**light(triage="running"), "status": "held"})
    expect(page.locator("svg.held .node.current")).to_have_attribute("data-key", "triage")
    assert icon.get_attribute("d") != running
    keep(page, "held")


def test_a_way_to_nowhere_is_drawn(open_page: Open, graphs: dict[str, Graph]) -> None:
    page = open_page("support_triage")
    lost = json.loads(json.dumps(graphs["support_triage"]))
    note = next(one for one in lost["nodes"] if one["id"] == "note")
    lost["nodes"].append({**note, "id": "nott", "name": "nott", "kind": "missing", "label": ""})
    lost["edges"].append({**lost["edges"][0], "to": "nott"})
    tell(page, type="graph", uri="file:///a", file="a", pipelines=[], graph=lost, stale="")
    expect(page.locator(".node.missing .title")).to_have_text("nott")
    expect(page.locator(".edge.lost")).to_have_count(1)
    keep(page, "lost")


def test_a_click_opens_what_was_clicked(open_page: Open, graphs: dict[str, Graph]) -> None:
    page = open_page("support_triage")
    node = next(one for one in graphs["support_triage"]["nodes"] if one["id"] == "reply")
    edge = next(one for one in graphs["support_triage"]["edges"] if one["label"] == "refund")
    page.locator(".node[data-key=reply]").click()
    page.locator(".label", has_text="refund").click()
    asked = [{"type": "reveal", "range": one, "focus": False} for one in (node["nameRange"], edge["range"])]
    assert told(page, "reveal") == asked


def test_the_hover_says_the_whole_condition(open_page: Open) -> None:
    page = open_page("support_triage")
    page.locator(".label", has_text="refund").hover()
    expect(page.locator(".tip code")).to_have_text('result.intent == "refund"')
    page.mouse.move(5, 600)
    expect(page.locator(".tip")).to_be_hidden()


def test_the_keyboard_reaches_every_stage(open_page: Open, graphs: dict[str, Graph]) -> None:
    page = open_page("support_triage")
    page.locator("svg.graph").focus()
    for node in graphs["support_triage"]["nodes"]:
        page.keyboard.press("Tab")
        expect(page.locator(".node:focus")).to_have_attribute("data-key", node["id"])
    page.keyboard.press("Enter")
    assert told(page, "reveal")[-1]["focus"] is True
    for edge in (one for one in graphs["support_triage"]["edges"] if one["range"]):
        page.keyboard.press("Tab")
        expect(page.locator(".edge:focus")).to_have_attribute("role", "button")
        page.keyboard.press("Enter")
        assert told(page, "reveal")[-1]["range"] == edge["range"]


def test_an_edit_keeps_the_size_a_person_has_chosen(open_page: Open, graphs: dict[str, Graph]) -> None:
    page = open_page("support_triage")
    page.get_by_label("Zoom In (+)").click()
    triage = page.locator(".node[data-key=triage] .body")
    page.wait_for_function(STILL)
    before = triage.evaluate(PLACE)
    more = json.loads(json.dumps(graphs["support_triage"]))
    more["nodes"].append({**more["nodes"][0], "id": "extra", "name": "extra"})
    tell(page, type="graph", uri="file:///a", file="a", pipelines=[], graph=more, stale="")
    expect(page.locator(".node[data-key=extra]")).to_be_visible()
    page.wait_for_function(STILL)
    assert triage.evaluate(PLACE) == pytest.approx(before, abs=1)


def test_what_is_old_or_missing_is_said(open_page: Open, graphs: dict[str, Graph]) -> None:
    page = open_page("support_triage")
    tell(
        page, type="graph", uri="file:///a", file="a", pipelines=[], graph=graphs["support_triage"], stale="It is old."
    )
    expect(page.get_by_role("status")).to_have_text("It is old.")
    tell(page, type="nothing", why="There is nothing.")
    expect(page.get_by_text("There is nothing.")).to_be_visible()
    expect(page.locator("svg.graph")).to_be_hidden()


def test_a_run_is_chosen_from_the_list(open_page: Open) -> None:
    page = open_page("support_triage")
    run = {"run": "r1", "label": "15:03 · completed", "status": "completed", "live": False}
    tell(page, type="runs", runs=[run], chosen="newest", newest="Newest run: live")
    chooser = page.get_by_label("Run that lights the graph")
    chooser.select_option("r1")
    assert told(page, "run") == [{"type": "run", "run": "r1"}]
