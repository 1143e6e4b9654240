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
        status = self.page.locator(".statusbar-item[id^='pointsman.pointsman'] .codicon-check")
        expect(status).to_be_visible(timeout=START_MS)

    def keep(self, to: Path) -> None:
        """A picture of what is shown, and what the browser's console said."""
        self.page.screenshot(path=to / "screen.png")
        (to / "console.log").write_text("\n".join(self.console), "utf-8")

    def press(self, *keys: str) -> None:
        """Keys one after the other, such as `Control+Space`."""
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Type a text, key by key, as a person does: the editor completes and indents as it goes."""
        self.page.keyboard.type(text, delay=15)

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

    def command(self, title: str) -> None:
        """Run a command by its title in the palette."""
        self.press("F1")
        box = self.page.locator(".quick-input-widget input.input")
        expect(box).to_be_focused()
        box.fill(f">{title}")
        row = self.page.locator(".quick-input-list .monaco-list-row.focused")
        expect(row).to_have_attribute("aria-label", re.compile(f"^{re.escape(title)}"))
        self.press("Enter")
        expect(row).to_have_count(0)

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

    def squiggle(self, severity: str = "error") -> Locator:
        """What is underlined."""
        return self.editor.locator(f".squiggly-{severity}")

    def tree(self, view: str) -> Locator:
        """The rows of a view, by its title."""
        return self.page.locator(f".pane:has(.pane-header[aria-label*='{view}']) .monaco-list-row")


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
