"""A real Neovim driven as a person drives it: keys in, and questions about what it shows; it ends with its block."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

NVIM = Path(sys.executable).parent / "nvim"

SECONDS = 20.0
"""How long anything may take before the test has failed."""


class Neovim:
    """The process and its one wire, MessagePack over stdin and stdout; one question at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._in, self._out = process.stdin, process.stdout
        self._asked = 0

    def call(self, method: str, *params: Any) -> Any:
        """One function of Neovim's API. Raises what it raises."""
        self._asked += 1
        self._in.write(msgspec.msgpack.encode([0, self._asked, method, params]))
        self._in.flush()
        _, number, error, result = self._answer()
        assert number == self._asked
        assert error is None, f"{method}: {error}"
        return result

    def lua(self, code: str, *args: Any) -> Any:
        """What a piece of Lua returns; its `...` are the arguments."""
        return self.call("nvim_exec_lua", code, list(args))

    def keys(self, keys: str) -> None:
        """Type, as a person would: `<Esc>`, `<C-x>` and the like are keys."""
        assert self.call("nvim_input", keys) == len(keys)

    def until(self, code: str, *args: Any) -> Any:
        """The first answer of a piece of Lua that is not nil, false, 0 or empty."""
        deadline = time.monotonic() + SECONDS
        while not (answer := self.lua(code, *args)):
            if time.monotonic() > deadline:
                raise AssertionError(f"never came true: {code}; the screen:\n{self.screen()}")
        return answer

    def screen(self) -> str:
        """What a person sees."""
        return str(
            self.lua("""
                vim.cmd.redraw()
                local lines = {}
                for row = 1, vim.o.lines do
                  local cells = {}
                  for column = 1, vim.o.columns do cells[column] = vim.fn.screenstring(row, column) end
                  lines[row] = vim.trim(table.concat(cells)) == "" and "" or table.concat(cells)
                end
                return table.concat(lines, "\\n")
            """)
        )

    def _answer(self) -> Any:
        said = b""
        while select.select([self._out], [], [], SECONDS)[0]:
            chunk = os.read(self._out.fileno(), 1 << 16)
            assert chunk, f"Neovim has ended: {self._process.wait()}"
            said += chunk
            try:
                return msgspec.msgpack.decode(said)
            except msgspec.DecodeError:
                continue  # only a part of it is here
        raise AssertionError(f"Neovim does not answer: {said!r}")


@contextmanager
def neovim(file: Path, configuration: Path, home: Path, env: dict[str, str]) -> Iterator[Neovim]:
    """Neovim in a file's folder and with that file, once a language server has answered; an empty home but for the
    configuration.
    """
    own = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    # Without --clean, which would leave the configuration out; nothing else is read, for the home is empty.
    argv = [str(NVIM), "--embed", "--headless", "-i", "NONE", "-n", "-u", str(configuration)]
    process = subprocess.Popen(
        argv, cwd=file.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env | own | {"HOME": str(home)}
    )
    try:
        editor = Neovim(process)
        editor.keys(f":edit {file.name}<CR>")
        editor.until("return #vim.lsp.get_clients({ bufnr = 0 }) == 1")
        assert editor.lua("return vim.v.errmsg") == ""
        yield editor
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave as `:qall!` does, so that its language servers are told to end."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.msgpack.encode([2, "nvim_command", ["qall!"]]))
        process.stdin.close()
        process.wait(SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
    finally:
        process.stdout.close()
