"""The report: composed as Markdown, and written once, however often it is tried."""

import os
from pathlib import Path


def compose(range: dict, decision: str, risk: dict, secrets: list, lint: list, mask: bool) -> str:
    """The report's text."""
    lines = [
        f"# Gate: {decision}",
        "",
        f"`{range['base'][:12]}` to `{range['head'][:12]}`",
        "",
        "| check | result |",
        "|---|---|",
        f"| risk | {risk['level']} of 10: {risk['why']} |",
        f"| secrets | {len(secrets)} |",
        f"| lint | {len(lint)} |",
    ]
    for found in secrets:
        text = found["text"][:4] + "…" if mask else found["text"]
        lines += ["", f"- **{found['kind']}** in `{found['file']}` line {found['line']}: `{text}`"]
    if lint:
        lines += ["", "## Lint", ""]
        lines += [
            f"- `{Path(each['filename']).name}:{each['location']['row']}` {each['message']}" for each in lint[:20]
        ]
        if len(lint) > 20:
            lines.append(f"- ... and {len(lint) - 20} more")
    return "\n".join(lines) + "\n"


def write(path: str, body: str, ctx) -> dict:
    """Write the report, and a line about it to the ledger beside it.

    `ctx.key` is the same for every attempt, so an attempt that follows a crash finds its line there and adds no second.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    ledger = target.with_suffix(".ledger")
    if not ledger.exists() or ctx.key not in ledger.read_text("utf-8"):
        with ledger.open("a", encoding="utf-8") as file:
            file.write(f"{ctx.key} {target.name}\n")
    part = target.with_suffix(".part")
    part.write_text(body, "utf-8")
    os.replace(part, target)
    return {"path": path, "text": body}
