"""A person's day in the workbench, with the packaged extension: write, debug, change an agent and go on."""

from pathlib import Path
from typing import Any

from playwright.sync_api import FloatRect, expect

from e2e.cli import pointsman
from editors.pictures import picture
from editors.screen import Screen

FILE = "triage.pipeline.yaml"
TICKET = "I lost my password"
TOP: FloatRect = {"x": 0, "y": 0, "width": 1400, "height": 620}
"""Where there is something to see when no panel is open."""


def line_of(folder: Path, text: str) -> int:
    return 1 + [line.strip() for line in (folder / FILE).read_text("utf-8").splitlines()].index(text)


def runs(folder: Path) -> Any:
    """The recorded runs, newest first."""
    return pointsman("runs", "--json", cwd=folder).json


def test_a_stage_is_written_with_completion_and_its_error_put_right(screen: Screen, folder: Path) -> None:
    screen.open("welcome.pipeline.yaml")
    screen.go_to(11, len("stages:") + 1)
    screen.press("Enter")
    screen.write_line("sort:")
    screen.write("agent: ")
    screen.choose("classify")
    screen.press("Enter")
    screen.write('with: {text: "${{ input.')
    screen.choose("ticket")
    screen.write(' }}"}')
    screen.press("Enter")
    screen.write_line("result: {type: object, required: [intent]}")
    screen.write_line("routes:")
    screen.write("- {when: result.")
    expect(screen.offers().first).to_contain_text("intent")
    picture(screen, "completion", TOP)
    screen.choose("intent")
    screen.write(' == "refund", to: ')
    expect(screen.offers().first).to_contain_text("remember")
    screen.write("remembr}")
    screen.press("Enter")
    screen.write("- {to: end}")
    expect(screen.squiggles()).to_have_count(1)
    screen.go_to(17, len('      - {when: result.intent == "refund", to: rem'))
    screen.press("Control+.")
    menu = screen.page.locator(".context-view .action-list-item, .action-widget .monaco-list-row")
    fix = menu.filter(has_text="Change to remember")
    expect(fix).to_be_visible()
    picture(screen, "quick-fix", TOP)
    fix.click()
    expect(screen.squiggles()).to_have_count(0)
    screen.press("Control+s")
    expect(screen.page.locator(".tab.active.dirty")).to_have_count(0)
    checked = pointsman("check", "welcome.pipeline.yaml", cwd=folder)
    assert checked.code == 0, checked.out + checked.err
    assert "to: remember}" in (folder / "welcome.pipeline.yaml").read_text("utf-8")


def test_f5_stops_says_why_this_route_and_goes_back(screen: Screen, folder: Path) -> None:
    screen.open(FILE)
    screen.go_to(line_of(folder, "triage:"), 3)
    screen.press("F9")
    expect(screen.editor.locator(".codicon-debug-breakpoint")).to_be_visible()
    screen.press("F5")
    screen.input_of("triage", TICKET)
    picture(screen, "input", TOP)
    screen.press("Enter")
    screen.stopped("triage")
    for part in ("policy before", "agent classify", "policy after", "route → note"):
        screen.press("F11")
        screen.stopped(part)

    screen.side_bar(500)
    screen.fold("Watch", "Loaded Scripts", "Breakpoints")
    screen.scope("Routing").click()
    screen.scope("Result").click()
    expect(screen.variable("1: → approve")).to_contain_text('does not match: result.intent == "refund"')
    expect(screen.variable("2: → note")).to_contain_text("taken")
    screen.console_says(":why", 'result.intent = "access"')
    picture(screen, "why-this-route")

    screen.press("F10")
    screen.stopped("note")
    screen.press("F10")
    screen.stopped("reply")
    screen.side_bar(300)
    screen.press("Control+j")
    screen.open(FILE)
    screen.command("Pointsman: Show Graph")
    graph = screen.page.frame_locator("iframe.webview").frame_locator("iframe#active-frame")
    expect(graph.locator(".node[data-key='reply'].current")).to_be_visible()
    screen.tool("Step Back")
    screen.stopped("note")
    # The run stands where it stood; what is looked at is the past.
    expect(graph.locator(".node[data-key='reply'].current")).to_be_visible()
    expect(graph.locator(".node[data-key='note'].cursor")).to_be_visible()
    expect(screen.section("Call Stack")).to_contain_text("replayed: before note")
    expect(screen.section("Call Stack")).not_to_contain_text("Load More")
    picture(screen, "step-back", TOP)
    screen.tool("Continue")
    expect(screen.page.locator(".debug-toolbar")).to_be_hidden()
    [run] = runs(folder)
    assert run["outcome"] == "completed"


def test_an_agent_is_changed_and_the_run_goes_on_from_it(screen: Screen, folder: Path) -> None:
    screen.open(FILE)
    screen.go_to(line_of(folder, "reply:"), 3)
    screen.press("F9", "F5")
    screen.input_of("triage", TICKET)
    screen.press("Enter")
    screen.stopped("reply")
    screen.open("agents/kb.py")
    screen.go_to(12, len('    words = {word.strip(".,?!").lower() for word in query.split() if len(word) > 3') + 1)
    screen.press("Backspace")
    screen.write("2")
    screen.press("Alt+F6")
    expect(screen.page.locator(".repl .monaco-list-row", has_text="goes on from")).to_be_visible()
    expect(screen.page.locator(".tab.active[data-resource-name='triage.pipeline.yaml']")).to_be_visible()
    screen.view("Pointsman")
    screen.side_bar(420)
    tree = screen.page.locator(".part.sidebar .monaco-list-row")
    expect(tree.filter(has_text="re-used").filter(has_text="triage")).to_be_visible()
    expect(tree.filter(has_text="cancelled")).to_be_visible()
    screen.command("Notifications: Clear All Notifications")
    picture(screen, "go-on", {"x": 0, "y": 0, "width": 1400, "height": 660})
    # What was re-used was not called: the tool of the agent that was changed is, once the run goes on.
    screen.press("F5")
    expect(tree.filter(has_text="completed")).to_be_visible()
    assert [run["outcome"] for run in runs(folder)] == ["completed", "cancelled"]


def test_a_question_is_answered_where_it_is_put(screen: Screen, folder: Path) -> None:
    screen.open(FILE)
    screen.press("F5")
    screen.input_of("triage", "I want a refund")
    screen.press("Enter")
    notice = screen.page.locator(".notifications-toasts .notification-list-item", has_text="asks at approve")
    expect(notice).to_be_visible()
    screen.view("Pointsman")
    tree = screen.page.locator(".part.sidebar .monaco-list-row")
    expect(tree.and_(screen.page.locator("[aria-label='Question at approve: Refund?']"))).to_be_visible()
    picture(screen, "question")
    notice.locator(".monaco-button", has_text="Approve").click()
    expect(tree.filter(has_text="completed")).to_be_visible()
    assert [run["outcome"] for run in runs(folder)] == ["completed"]
