"""A person before the workbench: what is clicked and typed, and what is waited for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Playwright, ViewportSize, expect

WAIT_MS = 30_000
"""How long anything may take to show; two seconds are usual, a machine with other work takes more."""
START_MS = 90_000
"""How long the workbench may take to load, the first time from a cold disk."""
SIZE: ViewportSize = {"width": 1400, "height": 900}

STILL = """async () => {
    const ending = (one) => one.playState === "running" && one.effect?.getComputedTiming().iterations !== Infinity;
    await Promise.all(document.getAnimations().filter(ending).map((one) => one.finished.catch(() => null)));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

expect.set_options(timeout=WAIT_MS)


def launched(playwright: Playwright) -> Browser:
    """Debian's Chromium without a window."""
    return playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=[
            "--no-sandbox",  # CI runs as root in a container
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    )


class Screen:
    """One window of the workbench."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"page error: {error}"))

    def ready(self) -> None:
        """Wait until the workbench has loaded and its extension host has started."""
        expect(self.page.locator(".explorer-folders-view .monaco-list-row").first).to_be_visible(timeout=START_MS)

    def connected(self) -> None:
        """Wait until the extension has its server: what is pressed before that, the workbench forgets."""
        status = self.page.locator(".statusbar-item[id^='pointsman.pointsman']")
        expect(status.locator(".codicon-check, .codicon-sync, .codicon-debug-pause, .codicon-question")).to_be_visible(
            timeout=START_MS
        )

    def keep(self, to: Path) -> None:
        """A picture of what is shown, and what the browser's console said."""
        self.page.screenshot(path=to / "screen.png")
        (to / "console.log").write_text("\n".join(self.console), "utf-8")

    def still(self) -> None:
        """Wait until nothing moves that comes to an end, and what is there has been painted."""
        self.page.evaluate(STILL)

    def press(self, *keys: str) -> None:
        """Keys one after the other, such as `Control+Space`."""
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Type a text, key by key, as a person does: the editor completes and indents as it goes."""
        self.page.keyboard.type(text, delay=15)

    def write_line(self, text: str) -> None:
        """Type a line, see it there in its colours, and go to the next: on a line that has none yet, VS Code keeps the
        indent as it is."""
        self.write(text)
        expect(self.line(text).locator("span span:not(.mtk1)").first).to_be_visible()
        self.press("Enter")

    def open(self, file: str) -> None:
        """Open a file of the workspace by its path, and wait until its text is there."""
        self.press("Control+p")
        box = self.page.locator(".quick-input-widget input.input")
        expect(box).to_be_focused()
        box.fill(file)
        name = file.rpartition("/")[2]
        expect(self.page.locator(".quick-input-list .monaco-list-row").first).to_have_attribute(
            "aria-label", re.compile(re.escape(name))
        )
        self.press("Enter")
        expect(self.page.locator(f".tab.active[data-resource-name='{name}']")).to_be_visible()
        expect(self.editor.locator(".view-line").first).to_be_visible()
        if name.endswith((".pipeline.yaml", ".policy.yaml")):
            self.connected()

    def command(self, title: str) -> None:
        """Run a command by its title in the palette."""
        self.press("F1")
        box = self.page.locator(".quick-input-widget input.input")
        expect(box).to_be_focused()
        box.fill(f">{title}")
        row = self.page.locator(f".quick-input-list .monaco-list-row.focused[aria-label^='{title}']")
        expect(row).to_be_visible()
        self.press("Enter")
        expect(row).to_be_hidden()

    def go_to(self, line: int, column: int = 1) -> None:
        """The cursor to a place of the file at hand, from 1."""
        self.press("Control+g")
        box = self.page.locator(".quick-input-widget input.input")
        expect(box).to_be_focused()
        box.fill(f":{line}:{column}")
        self.press("Enter")
        expect(self.page.locator(".statusbar-item[id='status.editor.selection']")).to_contain_text(
            f"Ln {line}, Col {column}"
        )

    @property
    def editor(self) -> Locator:
        """The editor that is shown."""
        return self.page.locator(".editor-group-container.active .editor-instance .monaco-editor").first

    def line(self, text: str) -> Locator:
        """The line of the editor that holds a text."""
        return self.editor.locator(".view-line").filter(has_text=exactly(text))

    def offers(self) -> Locator:
        """The rows of the completion list."""
        return self.page.locator(".suggest-widget.visible .monaco-list-row")

    def squiggles(self, severity: str = "error") -> Locator:
        """What is underlined."""
        return self.editor.locator(f".squiggly-{severity}")

    def choose(self, text: str) -> None:
        """Take a suggestion that is offered first."""
        expect(self.offers().first).to_contain_text(text)
        self.press("Enter")
        expect(self.offers()).to_have_count(0)

    def view(self, title: str) -> None:
        """Show a view of the activity bar."""
        # Not the icon itself: a badge may lie over it.
        self.page.locator(f".activitybar .action-item:has(.action-label[aria-label^='{title}'])").click()
        expect(self.page.locator(".sidebar .composite.title")).to_contain_text(title)

    def side_bar(self, width: int) -> None:
        """Make the side bar wider or narrower, as one does with the mouse."""
        box = self.page.locator(".part.sidebar").bounding_box()
        assert box
        edge, middle = box["x"] + box["width"], box["y"] + box["height"] / 2
        self.page.mouse.move(edge, middle)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + width, middle, steps=4)
        self.page.mouse.up()
        self.away()

    def away(self) -> None:
        """The mouse where it points at nothing."""
        self.page.mouse.move(SIZE["width"] / 2, SIZE["height"] - 5)

    def section(self, title: str) -> Locator:
        """A section of the side bar with all it shows."""
        header = self.page.locator(f".pane-header[aria-label^='{title}']")
        return self.page.locator(".part.sidebar .pane").filter(has=header)

    def fold(self, *sections: str) -> None:
        """Close sections of the side bar."""
        for section in sections:
            header = self.page.locator(f".part.sidebar .pane-header[aria-label^='{section}']")
            if header.get_attribute("aria-expanded") == "true":
                header.click()
            expect(header).to_have_attribute("aria-expanded", "false")

    # --- debugging ----------------------------------------------------------------------------------------------------

    def stopped(self, frame: str) -> None:
        """Wait until the innermost frame is this one, and its variables are there."""
        row = self.page.locator(".debug-call-stack .monaco-list-row[aria-label^='Stack Frame']").first
        expect(row).to_have_attribute("aria-label", re.compile(f"^Stack Frame {re.escape(frame)}"))
        expect(self.page.locator(".debug-variables .monaco-list-row[aria-label^='Scope ']").first).to_be_visible()

    def scope(self, name: str) -> Locator:
        """The row of a scope in the variables view."""
        return self.page.locator(f".debug-variables .monaco-list-row[aria-label='Scope {name}']")

    def variable(self, name: str) -> Locator:
        """The row of a variable."""
        return self.page.locator(f".debug-variables .monaco-list-row[aria-label^='{name}, value']")

    def tool(self, name: str) -> None:
        """Click a button of the debugger's toolbar."""
        self.page.locator(f".debug-toolbar [aria-label^='{name}']").click()

    def console_says(self, line: str, answer: str) -> None:
        """Type a line in the debug console, and wait for what it answers."""
        self.page.locator(".repl-input-wrapper .view-lines").click()
        self.write(line)
        self.press("Enter")
        expect(self.page.locator(".repl .monaco-list-row", has_text=answer).last).to_be_visible()

    def input_of(self, pipeline: str, text: str) -> None:
        """Type an input where F5 asks for it, and wait until it is understood."""
        box = self.page.locator(".quick-input-widget")
        expect(box).to_contain_text(f"Input of {pipeline}")
        self.write(text)
        expect(box.locator(".monaco-list-row.focused")).to_contain_text(text)


def exactly(text: str) -> re.Pattern[str]:
    """A text as the editor shows it: its blanks are no-break spaces."""
    return re.compile(re.escape(text).replace(r"\ ", "[\\s\u00a0]"))


@contextmanager
def opened(
    browser: Browser, address: str, script: str = "", keep: Callable[[Callable[[Path], None]], None] | None = None
) -> Iterator[Screen]:
    """A new window with nothing remembered; a script is run in it before anything of the page is."""
    context = browser.new_context(viewport=SIZE, color_scheme="dark", reduced_motion="reduce")
    context.set_default_timeout(WAIT_MS)
    try:
        page = context.new_page()
        page.add_init_script(script)
        screen = Screen(page)
        if keep:
            keep(screen.keep)
        page.goto(address, timeout=START_MS)
        screen.ready()
        yield screen
    finally:
        context.close()
