"""The screenshots of the docs: taken by the scenarios, and renewed in git with UPDATE_SCREENSHOTS=1 alone."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect

from editors.screen import Screen
from editors.workbench import EDITORS, ROOT

DOCS = ROOT / "docs" / "images"
LATEST = EDITORS / "pictures"
COLOURS = 256
"""Enough for a dark theme, whose letters are shades of a few colours: a third of the bytes."""
MOST_BYTES = 200_000


def picture(screen: Screen, name: str, clip: FloatRect | None = None) -> Path:
    """Take a picture of what is shown, or of a part of it."""
    screen.away()
    screen.still()
    folder = DOCS if os.environ.get("UPDATE_SCREENSHOTS") else LATEST
    folder.mkdir(parents=True, exist_ok=True)
    shot = Image.open(BytesIO(screen.page.screenshot(clip=clip))).convert("RGB")
    path = folder / f"vscode-{name}.png"
    shot.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < MOST_BYTES, f"{path} has {path.stat().st_size} bytes"
    return path
