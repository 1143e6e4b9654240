"""The graph in the workbench beside a run whose file has changed: the debugger shows the run's own text."""

from pathlib import Path

from playwright.sync_api import expect

from editors.screen import Screen
from editors.test_scenarios import FILE, TICKET, line_of


def test_the_graph_follows_a_text_that_is_no_file_any_more(screen: Screen, folder: Path) -> None:
    screen.open(FILE)
    screen.go_to(line_of(folder, "note:"), 3)
    screen.press("F9")
    screen.press("F5")
    screen.input_of("triage", TICKET)
    screen.press("Enter")
    screen.stopped("note")
    expect(screen.scope("Args")).to_have_count(0)
    screen.command("Pointsman: Show Graph")
    graph = screen.page.frame_locator("iframe.webview").frame_locator("iframe#active-frame")
    expect(graph.locator(".node[data-key='note'].cursor")).to_be_visible()
    lines = "# one line more\n" * 12
    text = (folder / FILE).read_text("utf-8").replace("to: approve, label", "to: nott, label")
    (folder / FILE).write_text(lines + text, "utf-8")
    expect(graph.locator(".node.missing")).to_be_visible()
    screen.press("F10")
    screen.stopped("reply")
    expect(graph.locator(".node[data-key='reply'].cursor")).to_be_visible()
    chooser = graph.get_by_label("Run that lights the graph")
    expect(chooser.locator("option").first).to_contain_text("held")
    screen.tool("Continue")
    expect(chooser.locator("option").first).to_contain_text("completed")
