"""What a body says: most take the quick way, and the slow one says the same."""

from typing import Any

import msgspec
import pytest

from pointsman_lsp import messages, params
from pointsman_lsp.messages import Call, Reply, ResponseError, read_message, structure


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"id":2}}', (1, "a", b'{"id":2}')),
        (b'{"jsonrpc":"2.0","id":"1","method":"a","params":[1]}', ("1", "a", b"[1]")),
        (b'{"jsonrpc":"2.0","method":"a","params":null}', (None, "a", b"null")),
        (b'{"jsonrpc":"2.0","method":"a"}', (None, "a", None)),
    ],
)
def test_a_call_is_read_the_quick_way(body: bytes, said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_read_slowly", None)
    found = read_message(body)
    assert isinstance(found, Call)
    assert (found.id, found.method) == said[:2]
    assert (found.params if found.params is None else bytes(found.params)) == said[2]  # type: ignore[call-overload]  # Raw


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"jsonrpc":"2.0","id":1,"result":null}', Reply(1)),
        (b'{"jsonrpc":"2.0","id":1,"result":[]}', Reply(1)),
        (b'{"jsonrpc":"2.0","id":null,"error":{"code":1}}', Reply(None, '{"code":1}')),
    ],
)
def test_a_reply_is_read_the_quick_way(body: bytes, said: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_read_slowly", None)
    assert read_message(body) == said


def test_parameters_are_read_with_lone_surrogates_and_without() -> None:
    for id, found in ((b'"a"', "a"), (b'"\\ud83d"', "\ud83d"), (b"7", 7)):
        assert structure(msgspec.Raw(b'{"id":%b}' % id), params.Cancel).id == found
    for wrong in (b"{}", b'{"id":[]}', b'{"id":{"a":"\\ud83d"}}', b"5"):
        with pytest.raises(ResponseError):
            structure(msgspec.Raw(wrong), params.Cancel)
