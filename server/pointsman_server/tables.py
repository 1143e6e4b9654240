"""Tables: with lines and colour on a terminal, in plain columns elsewhere, so that `grep` and `awk` work on them."""

import sys
from collections.abc import Sequence
from typing import Any

COLOURS = {
    "completed": "green",
    "failed": "red",
    "limit": "red",
    "denied": "red",
    "interrupted": "yellow",
    "waiting": "yellow",
    "running": "cyan",
    "ok": "green",
    "bad": "red",
}


def print_table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under heads to standard output."""
    out = sys.stdout
    if out.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        for index, head in enumerate(heads):  # the first is a name or an id, to be copied
            table.add_column(head, overflow="fold", no_wrap=index == 0)
        for row in rows:
            table.add_row(*(Text(str(cell), style=COLOURS.get(str(cell), "")) for cell in row))
        Console(file=out, highlight=False).print(table)
        return
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        out.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
