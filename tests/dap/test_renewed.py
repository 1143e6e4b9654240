"""After an edit every number that was given out stands for what is there now."""

from __future__ import annotations

from pathlib import Path

from dap.client import home, introduced, write
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
state:
  count: {type: integer, default: 1}
  deep: {type: object, default: {list: [{a: 1}, {a: 2}], gone: {b: 1}}}
stages:
  first: {set: {count: "${{ state.count + 1 }}"}}
"""


async def test_numbers_mean_what_is_there_after_an_edit(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        state = (await client.scopes())["State"]
        deep = (await client.variables(state))["deep"]["variablesReference"]
        inner = await client.variables(deep)
        item = (await client.variables(inner["list"]["variablesReference"]))["[1]"]["variablesReference"]
        seen = await client.request("evaluate", {"expression": "state.deep.list"})

        changed = {"variablesReference": state, "name": "count", "value": "10"}
        assert (await client.request("setVariable", changed))["value"] == "10"
        assert (await client.variables(state))["count"]["value"] == "10"
        assert (await client.variables(item))["a"]["value"] == "2"

        value = '{"list": [{"a": 7}, {"a": 8}, {"a": 9}], "new": {}}'
        await client.request("setVariable", {"variablesReference": state, "name": "deep", "value": value})
        assert list(await client.variables(deep)) == ["list", "new"]
        assert (await client.variables(item))["a"]["value"] == "8"
        assert len(await client.variables(seen["variablesReference"])) == 3
        gone = {"variablesReference": inner["gone"]["variablesReference"]}
        code, said = await client.refused("variables", gone)
        assert code == IDS["staleReference"]
        assert "changed" in said

        # An edit through a number from before the last edit changes what is there now, and nothing else.
        await client.request("setVariable", {"variablesReference": item, "name": "a", "value": "80"})
        shown = await client.request("evaluate", {"expression": "state.deep", "context": "hover"})
        assert shown["result"] == "{list: [{a: 7}, {a: 80}, {a: 9}], new: {}}"
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
