"""Markdown made of what people wrote: no text of a file can break out of its place."""

from re import Match
from re import compile as regex

# Only what Markdown would take for more than a sign there: a terminal shows each escape.
_SIGNS = regex(r"[\\`*\[\]<~]|&(?=[#\w]+;)|(?<!\w)_|_(?!\w)|^(?:[-+#>|=]|\d+(?=[.)]))|!(?=\[)|\|")
_BLANKS = regex(r"\s+")
_TICKS = regex(r"`+")
_LONGEST = 300
# What `words`, `code` and our own sentences put around text: escapes, code inside of a line, emphasis.
_MARKUP = regex(r"\\([\\`*\[\]<~&_\-+#>|=!\d])|(?<!`)(`+)(?!`)(.+?)(?<!`)\2(?!`)|\*+")
_FENCE = regex(r"(`{3,})\w*")


def words(text: str, longest: int = _LONGEST) -> str:
    """Text as text, on one line, signs escaped where they would mean something."""
    return _SIGNS.sub(r"\\\g<0>", shortened(text, longest))


def code(text: str, longest: int = _LONGEST) -> str:
    """Text as code inside of a line; its backquotes are kept by a longer fence."""
    line = shortened(text, longest)
    if not line:
        return ""
    ticks = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    inner = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{ticks}{inner}{ticks}"


def fence(language: str, text: str) -> str:
    """Text as a block of code."""
    ticks = "`" * max(3, max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def plain(text: str) -> str:
    """Our Markdown as it reads without its signs, for clients that show text as it comes."""
    lines: list[str] = []
    fenced = ""
    for line in text.split("\n"):
        ticks = _FENCE.fullmatch(line)
        if fenced:
            if line == fenced:
                fenced = ""
            else:
                lines.append(line)
        elif ticks:
            fenced = ticks[1]
        else:
            lines.append(_MARKUP.sub(_unmarked, line))
    return "\n".join(lines)


def _unmarked(found: Match[str]) -> str:
    if found[2] is None:
        return found[1] or ""
    inner = found[3]
    # A space on both sides keeps backquotes of the text apart from ours.
    return inner[1:-1] if inner[0] == inner[-1] == " " and inner.strip() else inner


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Text on one line, cut where it is too long to read."""
    line = _BLANKS.sub(" ", text).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def ago(then_ns: int, now_ns: int) -> str:
    """How long ago a moment was, in its largest unit."""
    seconds = max(0, now_ns - then_ns) // 1_000_000_000
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return f"{seconds} s ago" if seconds else "just now"


def lasting(took_ns: int) -> str:
    """A duration as people say it: `12 ms`, `1.2 s`, `3 min 5 s`, `2 h 4 min`."""
    if took_ns < 1_000_000_000:
        return f"{took_ns / 1e6:.0f} ms" if took_ns >= 1_000_000 else "under 1 ms"
    if took_ns < 60_000_000_000:
        return f"{took_ns / 1e9:.1f} s"
    seconds = took_ns // 1_000_000_000
    hours, minutes, rest = seconds // 3_600, seconds // 60 % 60, seconds % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
