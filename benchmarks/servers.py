"""The language servers that are measured: ours, and the peers, which are installed here when they are missing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import texts
from wire import Wire

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".bench"
"""What the peers are installed into; git ignores it."""

SCHEMAS = ROOT / "docs" / "reference" / "schemas"
POINTSMAN = Path(sys.executable).parent / "pointsman"

YAML_LS = "1.25.0"
PYTHON_PEERS = {"tombi": "1.9.6", "ty": "0.0.105", "pygls": "2.1.1"}

_DEBOUNCE = "this.validationDelayMs = 200;"
_NO_DEBOUNCE = "this.validationDelayMs = 0;"


@dataclass(frozen=True, slots=True)
class Server:
    """A language server as it is started, with the file it reads."""

    name: str
    argv: tuple[str, ...]
    text: Callable[[int], texts.Text]
    settings: dict[str, Any] = field(default_factory=dict)
    bridged: bool = False
    """Whether the process we start is a bridge to another one, which outlives it."""

    def start(self, folder: Path) -> Wire:
        """Start it with a workspace as its folder; not yet initialized."""
        logs = CACHE / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        return Wire(self.argv, folder, logs / f"{self.name.split(',')[0].replace(' ', '-')}.log", self.settings)

    def pid(self, wire: Wire) -> int:
        """The process that does the work."""
        if not self.bridged:
            return wire.process.pid
        return int(json.loads((wire.folder / ".pointsman" / "server.json").read_text("utf-8"))["pid"])


def workspace(folder: Path) -> Path:
    """A workspace of its own, with the files that the measured ones refer to."""
    folder.mkdir(parents=True)
    (folder / "pointsman.toml").write_text(f'python = "{sys.executable}"\n', "utf-8")
    texts.furnish(folder, SCHEMAS / "pipeline.schema.json")
    return folder


def stop(folder: Path) -> None:
    """End our server of a workspace, if one runs, and whatever runs in it."""
    subprocess.run([str(POINTSMAN), "stop", "--force"], cwd=folder, capture_output=True, timeout=60, check=False)


def ours() -> Server:
    """Pointsman: a bridge, as an editor starts it."""
    return Server("pointsman", (str(POINTSMAN), "lsp"), texts.pipeline, bridged=True)


def peers() -> list[Server]:
    """The peers, installed first if need be: each on its own language, in a file of the same length."""
    bin_ = _python_peers()
    return [_yaml_language_server(), Server("tombi", (str(bin_ / "tombi"), "lsp", "--offline"), texts.toml), _ty(bin_)]


def bare_pygls() -> Server:
    """A server of nothing but pygls; it knows no diagnostics."""
    script = Path(__file__).with_name("bare_pygls.py")
    return Server("bare pygls", (str(_python_peers() / "python"), str(script)), texts.pipeline)


def versions() -> str:
    """What is measured, in one line."""
    node = subprocess.run([_node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    others = ", ".join(f"{name} {version}" for name, version in PYTHON_PEERS.items())
    return f"yaml-language-server {YAML_LS} (node {node[1:]}), {others}"


def _ty(bin_: Path) -> Server:
    return Server("ty", (str(bin_ / "ty"), "server"), texts.python)


def _yaml_language_server() -> Server:
    """With our JSON Schema, as its users have it, and without the 200 ms it waits after a keystroke: its work alone."""
    home = CACHE / f"yaml-language-server-{YAML_LS}"
    package = home / "node_modules" / "yaml-language-server"
    if not package.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("yaml-language-server needs npm on PATH")
        _say(f"installing yaml-language-server {YAML_LS}")
        quietly = ["--silent", "--no-audit", "--no-fund"]
        subprocess.run([npm, "install", *quietly, "--prefix", str(home), f"yaml-language-server@{YAML_LS}"], check=True)
    file = package / "out" / "server" / "src" / "yamlSettings.js"
    text = file.read_text("utf-8").replace(_DEBOUNCE, _NO_DEBOUNCE)
    if _NO_DEBOUNCE not in text:
        raise SystemExit(f"the debounce of yaml-language-server is not where it was: {file}")
    file.write_text(text, "utf-8")
    schemas = {(SCHEMAS / "pipeline.schema.json").as_uri(): "*.pipeline.yaml"}
    settings = {
        "yaml": {"schemas": schemas, "schemaStore": {"enable": False}, "kubernetesCRDStore": {"enable": False}},
        "http": {},
        "[yaml]": {},
        "editor": {},
        "files": {},
    }
    argv = (_node(), str(package / "bin" / "yaml-language-server"), "--stdio")
    return Server("yaml-language-server, no debounce", argv, _pipeline_as_yaml, settings)


def _pipeline_as_yaml(lines: int) -> texts.Text:
    return replace(texts.pipeline(lines), language="yaml")


def _python_peers() -> Path:
    """The folder of the commands of the peers that come from PyPI."""
    home = CACHE / "peers-{}".format("-".join(PYTHON_PEERS.values()))
    bin_ = home / "bin"
    if not (bin_ / "ty").exists():
        _say("installing " + ", ".join(PYTHON_PEERS))
        venv.create(home, with_pip=True)
        wanted = [f"{name}=={version}" for name, version in PYTHON_PEERS.items()]
        pip = [str(bin_ / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted]
        subprocess.run(pip, check=True)
    return bin_


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("yaml-language-server needs node on PATH")
    return node


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
