"""What the tests of completion share: a workspace, and the text after an offer was taken."""

from dataclasses import replace

from lsp.documents import at_cursor
from pointsman.language.syntax import parse
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features.completion import complete
from pointsman_lsp.features.items import Item

TRIAGE = '''
def classify(text: str, limit: int = 3) -> dict:
    """Say what a ticket is about.

    And more.
    """


def store(ctx, body, *, to: str, **more): ...


LIMIT = 3
'''
FILES = {
    "agents/triage.py": TRIAGE,
    "agents/__init__.py": "",
    "steps.py": "def run(): ...\n",
    "prompts/draft.md": "Write to ${{ args.name }} about ${{ args.topic }}.\n",
    "prompts/old/first.txt": "",
    "replies.yaml": "- {text: x}\n",
    "safety.policy.yaml": "policy: safety\n",
    "notes.md": "",
    "pointsman.toml": '[agents.shared]\npython = "steps:run"\n[tools.search]\ncommand = ["grep", "x"]\n',
}
HEAD = """\
pipeline: a
language: 1
agents:
  classify: {python: "agents.triage:classify"}
  store: {python: "agents.triage:store"}
  lint: {command: [ruff, check, "${{ args.files }}"]}
  draft: {llm: {model: "scripted:replies.yaml", prompt: prompts/draft.md}}
tools:
  look: {scripted: [1]}
state:
  notes: {type: array, merge: append}
  total: {type: number}
stages:
  first: {agent: lint}
  second: {agent: lint}
  here:
"""


def offered(text: str, name: str = "a.pipeline.yaml", snippets: bool = False) -> list[Item]:
    """What is offered at `$0`."""
    document, offset = at_cursor(text, FILES, name)
    return complete(document, offset, snippets)


def labels(text: str, name: str = "a.pipeline.yaml") -> list[str]:
    """The labels that are offered at `$0`, in their order."""
    return [one.label for one in sorted(offered(text, name), key=lambda one: one.sort)]


def taken(text: str, label: str, name: str = "a.pipeline.yaml", snippets: bool = False) -> str:
    """The whole text after an offer was taken. It must be one edit of the cursor's line, in front of or around it."""
    document, offset = at_cursor(text, FILES, name)
    item = next(one for one in complete(document, offset, snippets) if one.label == label)
    data = document.source.data
    if item.snippet:
        # As editors do: further lines get the indentation of the first, and the breaks are the file's.
        before = data[: item.edit.span.start].rpartition(b"\n")[2].decode()
        indent = before[: len(before) - len(before.lstrip())]
        written = item.edit.text.replace("\n", ("\r\n" if b"\r\n" in data else "\n") + indent)
        item = replace(item, edit=replace(item.edit, text=written))
    after = edited(document, item)
    assert item.edit.span.start <= offset <= item.edit.span.end
    assert b"\n" not in data[item.edit.span.start : item.edit.span.end]
    return after.decode()


def edited(document: Document, item: Item) -> bytes:
    """A document's bytes after an offer was taken."""
    data, span = document.source.data, item.edit.span
    return data[: span.start] + item.edit.text.encode() + data[span.end :]


def damage(document: Document, item: Item) -> list[str]:
    """What the parser says of the text after an offer was taken, and did not say before."""
    source = type(document.source)(document.source.path, edited(document, item))
    before = {one.message for one in document.analysis.tree.diagnostics}
    return [one.message for one in parse(source).diagnostics if one.message not in before]
