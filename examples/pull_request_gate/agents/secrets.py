"""Finding what looks like a secret in the added lines of a patch."""

import re

KINDS = {
    "AWS access key": re.compile(r"AKIA[0-9A-Z]{16}"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "GitHub token": re.compile(r"gh[pousr]_[A-Za-z0-9]{36}"),
}
HUNK = re.compile(r"^@@ -\S+ \+(\d+)")


def scan(patch: str, ctx) -> list[dict]:
    """The findings as `{file, line, kind, text}`."""
    found = []
    file, line = "", 0
    lines = patch.splitlines()
    for index, text in enumerate(lines):
        if index % 2000 == 0:
            ctx.progress(f"{file or 'start'}", index / max(1, len(lines)))
        if text.startswith("+++ "):
            file = text[4:].rstrip("\t").removeprefix("b/")  # git ends a name with a blank in it by a tab
        elif hunk := HUNK.match(text):
            line = int(hunk[1])
        elif text.startswith("+"):
            for kind, pattern in KINDS.items():
                if match := pattern.search(text):
                    found.append({"file": file, "line": line, "kind": kind, "text": match[0]})
            line += 1
    return found
