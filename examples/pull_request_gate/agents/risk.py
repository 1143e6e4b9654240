"""How big a change is, and how risky that makes it."""

import asyncio

DELICATE = ("auth", "crypt", "secret", "payment", "migration", ".github/", "Dockerfile")


async def measure(patch: str) -> dict:
    """Files, added and removed lines, and the delicate places a patch touches."""
    files, added, removed = [], 0, 0
    for index, line in enumerate(patch.splitlines()):
        if index % 5000 == 0:
            await asyncio.sleep(0)  # a long patch does not keep the loop to itself
        if line.startswith("+++ "):
            files.append(line[4:].rstrip("\t").removeprefix("b/"))
        elif line.startswith("+"):
            added += 1
        elif line.startswith("-") and not line.startswith("--- "):
            removed += 1
    delicate = sorted({word for word in DELICATE for file in files if word in file})
    return {"files": len(files), "added": added, "removed": removed, "delicate": delicate}


def score(size: dict) -> dict:
    """A level from 0 to 10, and why."""
    lines = size["added"] + size["removed"]
    level = min(6, lines // 200 + size["files"] // 10) + min(4, 2 * len(size["delicate"]))
    why = f"{size['files']} files, {size['added']} lines added, {size['removed']} removed"
    if size["delicate"]:
        why += f", touches {', '.join(size['delicate'])}"
    return {"level": level, "why": why}
