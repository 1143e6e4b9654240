"""Neovim with the configuration of its how-to page, to the letter: what a person types, and what they then see."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from e2e.cli import ROOT, environment, pointsman, workspace
from e2e.neovim import Neovim, neovim
from e2e.servers import server_of, status

PAGE = ROOT / "docs" / "how-to" / "use-with-neovim.md"

FILES = {
    "desk.pipeline.yaml": """\
pipeline: desk
language: 1
input:
  type: object
  required: [ticket]
  properties: {ticket: {type: string}}
agents:
  classify: {python: "desk:classify"}
  reply: {scripted: [Thank you.]}
policies: [money.policy.yaml]
stages:
  triage:
    agent: classify
    with: {text: "${{ input.ticket }}"}
    routes:
      - {when: result.intent == "refund", to: answer, label: refund}
      - {to: end}
  answer:
    agent: reply
    with: {about: "${{ outputs.triage.intent }}"}
""",
    "money.policy.yaml": """\
policy: money
language: 1
version: 1
rules:
  - id: no_keys
    at: [output.accept]
    match: {agent: reply}
    when: result.contains("PRIVATE KEY")
    effect: deny
    reason: a_key
reasons: {a_key: A key must not leave.}
""",
    "desk.py": '''"""The desk's agents."""


def classify(text: str) -> dict[str, str]:
    """What the customer wants."""
    return {"intent": "refund" if "money" in text else "other"}
''',
}

Open = Callable[[str], AbstractContextManager[Neovim]]
"""Opens a file of the workspace in a new Neovim."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One workspace, and so one server, for all these tests; nobody saves anything in it."""
    root = workspace(tmp_path_factory.mktemp("desk"), FILES)
    with server_of(root):
        yield root


@pytest.fixture
def edit(folder: Path, tmp_path: Path) -> Open:
    """Neovim as the page sets it up, with a file open and the language server there."""
    configuration, _ = _blocks()
    (tmp_path / "init.lua").write_text(configuration, "utf-8")
    return lambda name: neovim(folder / name, tmp_path / "init.lua", tmp_path, environment())


def test_findings_come_and_go_while_typing(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        assert editor.lua("return vim.bo.filetype") == "yaml.pointsman"
        editor.keys(":%s/to: answer/to: anwser/<CR>")
        found = editor.until("return vim.diagnostic.get(0)")
        assert [(one["source"], one["code"], one["lnum"], one["severity"]) for one in found] == [
            ("pointsman", "unknown_stage", 15, 1)
        ]
        line = FILES["desk.pipeline.yaml"].splitlines()[15].replace("answer", "anwser")
        assert line[found[0]["col"] : found[0]["end_col"]] == "anwser"
        assert "anwser" in editor.screen()
        editor.keys("u")
        editor.until("return #vim.diagnostic.get(0) == 0")


def test_keys_are_completed_as_they_are_typed(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("/agent: reply<CR>oti")
        offered = editor.until("return vim.fn.pumvisible() == 1 and vim.fn.complete_info({'items'}).items")
        assert [one["abbr"] for one in offered] == ["timeout"]
        editor.keys("<C-n><C-y>")
        # With the blank behind the colon: what is typed next is the value.
        editor.until("return vim.api.nvim_get_current_line() == '    timeout: '")


def test_members_are_completed_inside_an_expression(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("/outputs.triage<CR>ct}outputs.")
        offered = editor.until("return vim.fn.pumvisible() == 1 and vim.fn.complete_info({'items'}).items")
        assert "triage" in [one["abbr"] for one in offered]


def test_hover_says_what_a_stage_does_and_how_it_went(edit: Open, folder: Path) -> None:
    ran = pointsman("run", "desk.pipeline.yaml", "--set", "ticket=my money", "--json", cwd=folder)
    assert ran.code == 0, ran.err
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("/to: answer<CR>4lK")
        said = editor.until("""
            for _, window in ipairs(vim.api.nvim_list_wins()) do
              if vim.api.nvim_win_get_config(window).relative ~= "" then
                return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true), "\\n")
              end
            end
        """)
        assert "answer" in said
        assert "reply" in said
        assert ran.json["run"] in said


def test_definition_goes_to_the_python_function_and_back(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("/desk:classify<CR>5l<C-]>")
        editor.until("return vim.fn.expand('%:t') == 'desk.py'")
        assert editor.lua("return vim.api.nvim_get_current_line()").startswith("def classify(")
        assert editor.lua("return vim.fn.expand('<cword>')") == "classify"
        editor.keys("<C-t>")
        editor.until("return vim.fn.expand('%:t') == 'desk.pipeline.yaml'")


def test_definition_goes_to_the_stage(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("/to: answer<CR>4l<C-]>")
        assert editor.until("return vim.fn.line('.') == 18 and vim.api.nvim_get_current_line()") == "  answer:"


def test_a_stage_is_renamed_everywhere(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("/^  triage/e<CR>grn")
        editor.until("return vim.api.nvim_get_mode().mode == 'c' and vim.fn.getcmdline() == 'triage'")
        editor.keys("<C-u>sort<CR>")
        editor.until("return vim.fn.search('outputs[.]sort[.]intent', 'n') > 0")
        text = "\n".join(editor.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, true)")) + "\n"
        assert text == FILES["desk.pipeline.yaml"].replace("triage", "sort")
        assert editor.lua("return #vim.diagnostic.get(0)") == 0


def test_a_quick_fix_puts_a_name_right(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys(":%s/to: answer/to: anwser/<CR>")
        editor.until("return vim.diagnostic.get(0)")
        # What is offered would be a prompt, and Neovim answers no question while one is open.
        editor.lua("vim.ui.select = function(items, _, chosen) chosen(items[1], 1) end")
        editor.keys("/anwser<CR>gra")
        editor.until("return #vim.diagnostic.get(0) == 0")
        assert editor.lua("return vim.api.nvim_get_current_line()") == FILES["desk.pipeline.yaml"].splitlines()[15]


def test_lenses_say_how_it_went_and_run_it(edit: Open, folder: Path) -> None:
    ran = pointsman("run", "desk.pipeline.yaml", "--set", "ticket=my money", cwd=folder)
    assert ran.code == 0, ran.err
    with edit("desk.pipeline.yaml") as editor:
        editor.until("return #vim.lsp.codelens.get(0) == 4 and vim.lsp.codelens.get(0)[4].command")
        lenses = editor.lua("return vim.lsp.codelens.get(0)")
        assert [one["range"]["start"]["line"] for one in lenses] == [0, 0, 11, 17]
        assert lenses[0]["command"]["title"] == "Run"
        assert "→ refund: answer" in lenses[2]["command"]["title"]
        assert "→ refund: answer" in editor.screen()
        editor.lua("vim.ui.select = function(items, _, chosen) chosen(items[1], 1) end")
        editor.keys("gggrx")
        editor.until("return vim.fn.execute('messages'):find('needs input that is missing: ticket', 1, true)")


def test_the_outline_lists_stages_and_agents(edit: Open) -> None:
    with edit("desk.pipeline.yaml") as editor:
        editor.keys("gO")
        listed = editor.until("return vim.fn.getloclist(0)")
        names = " ".join(item["text"] for item in listed)
        assert all(name in names for name in ("desk", "triage", "answer", "classify", "reply"))


def test_policies_and_settings_are_looked_at_too(edit: Open) -> None:
    with edit("money.policy.yaml") as editor:
        editor.keys(":%s/effect: deny/effect: denied/<CR>")
        found = editor.until("return vim.diagnostic.get(0)")
        assert [one["lnum"] for one in found] == [8]
        editor.keys(":edit! pointsman.toml<CR>")
        editor.until("return vim.bo.filetype == 'toml.pointsman' and #vim.lsp.get_clients({bufnr = 0}) == 1")
        editor.keys("onothing_known = 1<Esc>")
        assert [one["lnum"] for one in editor.until("return vim.diagnostic.get(0)")] == [1]


def test_two_editors_share_a_server_that_outlives_them(edit: Open, folder: Path) -> None:
    with edit("desk.pipeline.yaml") as one:
        pid = status(folder)["pid"]
        with edit("money.policy.yaml") as other:
            assert [client["for"] for client in status(folder)["clients"]].count("lsp") == 2
            other.keys(":lua vim.lsp.stop_client(vim.lsp.get_clients())<CR>")
            other.until("return #vim.lsp.get_clients() == 0")
            one.keys(":%s/to: answer/to: anwser/<CR>")
            one.until("return vim.diagnostic.get(0)")
    after = status(folder)
    assert after["pid"] == pid
    assert [client for client in after["clients"] if client["for"] == "lsp"] == []


def test_the_projects_own_command_is_found(tmp_path: Path) -> None:
    """The page's second block, without `pointsman` on the PATH."""
    root = workspace(tmp_path / "desk", FILES)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "pointsman").symlink_to(Path(sys.executable).parent / "pointsman")
    (tmp_path / "init.lua").write_text("".join(_blocks()), "utf-8")
    env = environment()
    env["PATH"] = "/usr/bin:/bin"
    assert shutil.which("pointsman", path=env["PATH"]) is None
    with server_of(root), neovim(root / "desk.pipeline.yaml", tmp_path / "init.lua", tmp_path, env) as editor:
        assert editor.lua("return vim.lsp.get_clients()[1].config.cmd[1]") == str(root / ".venv/bin/pointsman")


def _blocks() -> list[str]:
    """The page's Lua: the configuration, and what to add for a project with its own `.venv`."""
    return re.findall(r"^```lua\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
