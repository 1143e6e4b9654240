"""Showing a run while it lives: a table that moves on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

from pointsman.kernel.events import Record
from pointsman.kernel.state import State
from pointsman.runtime.around import Hold
from pointsman.runtime.progress import Line, Progress
from pointsman.runtime.words import value_text
from pointsman.security.redaction import Redactor
from pointsman_server.render import clock_time, duration, plural

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

SIGNS = {"running": "•", "asking": "?", "done": "✓", "failed": "✗", "skipped": "-", "cancelled": "■"}
STYLES = {
    "running": "cyan",
    "asking": "bold yellow",
    "done": "green",
    "failed": "bold red",
    "skipped": "dim",
    "cancelled": "dim",
}


class View(Protocol):
    """What the host shows a run with; a context manager around its life."""

    interactive: bool
    redact: Redactor

    def prime(self, records: Sequence[Record], state: State) -> None: ...

    def watch(self, records: Sequence[Record], state: State) -> None: ...

    def held(self, hold: Hold | None) -> None: ...

    def paused(self) -> Any: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_for(out: IO[str]) -> View:
    """The live table where a person sits before a terminal, else the plain lines."""
    return LiveView(out) if out.isatty() else PlainView(out)


class PlainView:
    """One line when a stage begins to matter to a reader: done, failed, skipped, asking."""

    interactive = False

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._progress = Progress("")
        self.redact = Redactor()

    def prime(self, records: Sequence[Record], state: State) -> None:
        """Name the run, and know what happened before."""
        self._progress = progress_of(records, state)
        again = " goes on" if len(records) > 1 else ""
        self._out.write(f"run {state.run_id} of {state.started.pipeline}{again}\n")

    def watch(self, records: Sequence[Record], state: State) -> None:
        """Print what has changed."""
        for record in records:
            line = self._progress.fold(record)
            if line and line.status != "running":
                self._out.write(_plain(line, self.redact) + "\n")
        self._out.flush()

    def held(self, hold: Hold | None) -> None:
        """Say so once; that it goes on shows."""
        if hold is not None:
            self._out.write(held_words(hold) + "\n")
            self._out.flush()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Plain lines stand still by themselves."""
        yield

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._out.flush()


class LiveView:
    """A table of the stages, indented by fork, with elapsed times and counts, redrawn ten times a second."""

    interactive = True

    def __init__(self, out: IO[str]) -> None:
        from rich.console import Console
        from rich.live import Live

        self.redact = Redactor()
        self._console: Console = Console(file=out, highlight=False)
        self._progress = Progress("")
        self._hold: Hold | None = None
        self._live = Live(console=self._console, get_renderable=self._draw, refresh_per_second=10, transient=False)

    def prime(self, records: Sequence[Record], state: State) -> None:
        """Know what happened before; the first drawing shows it."""
        self._progress = progress_of(records, state)

    def watch(self, records: Sequence[Record], state: State) -> None:
        """Take the events in; the next redraw shows them."""
        for record in records:
            self._progress.fold(record)

    def held(self, hold: Hold | None) -> None:
        """The next redraw shows it, or shows it no more."""
        self._hold = hold

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Free the terminal for a question."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start(refresh=True)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.refresh()
        self._live.stop()

    def _draw(self) -> RenderableType:
        return draw(self._progress, time.time_ns(), self._console.size.height - 4, self.redact, self._hold)


def progress_of(records: Sequence[Record], state: State) -> Progress:
    """What these events of a run amount to."""
    progress = Progress(state.run_id, state.started.pipeline)
    for record in records:
        progress.fold(record)
    return progress


def held_words(hold: Hold) -> str:
    """That somebody else stands on the brake, and where."""
    where = f" at {hold.stage}" if hold.stage else ""
    return f"held by a debugger since {clock_time(hold.since_ns)}{where}"


def draw(progress: Progress, now_ns: int, room: int, redact: Redactor, hold: Hold | None = None) -> RenderableType:
    """The table: the last `room` lines, and the counts of all; that it is held, when it is."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1), expand=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="ellipsis", no_wrap=True)
    room = max(room, 3)
    hidden = len(progress.lines) - room
    if hidden > 0:
        table.add_row("", Text(f"… {plural(hidden, 'earlier stage')}", style="dim"), "", "")
    for line in progress.lines[-room:]:
        style = STYLES[line.status]
        name = "  " * line.depth + _name(line)
        took = duration((line.ended_ns or now_ns) - line.started_ns)
        table.add_row(
            Text(SIGNS[line.status], style=style),
            Text(name),
            Text(took, style="dim"),
            Text(value_text(_note(line), redact), style="dim"),
        )
    running = progress.count("running", "asking")
    said = [
        f"{progress.pipeline} {progress.run_id}",
        plural(progress.count("done", "failed", "skipped", "cancelled"), "stage"),
        f"{running} running" if running else "",
        duration(now_ns - progress.started_ns) if progress.started_ns else "",
    ]
    standing = [] if hold is None else [Text(f" {held_words(hold)}", style="bold yellow", overflow="ellipsis")]
    return Group(
        table, *standing, Text(" " + " · ".join(part for part in said if part), style="bold", overflow="ellipsis")
    )


def _name(line: Line) -> str:
    label = line.branch.rsplit(".", 1)[-1]
    name = line.stage if not line.depth or label == line.stage else f"{label}: {line.stage}"
    return name + (f" #{line.visit}" if line.visit > 1 else "")


def _note(line: Line) -> str:
    return f"re-used {line.note}" if line.reused and line.status == "done" else line.note


def _plain(line: Line, redact: Redactor) -> str:
    took = f" ({duration(line.ended_ns - line.started_ns)})" if line.ended_ns else ""
    note = f" {value_text(_note(line), redact, 200)}" if line.note else ""
    return redact.text(f"{'  ' * line.depth}{SIGNS[line.status]} {_name(line)}{took}{note}")
