"""What stands at a redacted path is hidden wherever it appears, in whichever way it is written there."""

import json

import pytest

from pointsman.security.redaction import HIDDEN, Redactor

SECRETS = [
    "plain secret",
    'a "quoted" one',
    "it's one",
    "both \"of\" 'them'",
    "first line\nsecond line\n",
    "näïve 🚂\t\\ x",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_however_it_is_written(secret: str) -> None:
    hide = Redactor([("path", "input.secret")])
    hide.learn({"input": {"secret": secret, "name": "Ada Lovelace"}})
    quoted = json.dumps({"secret": secret}, ensure_ascii=False)
    for written, left in (
        (f"<{secret}>", f"<{HIDDEN}>"),
        (quoted, f'{{"secret": "{HIDDEN}"}}'),
        (json.dumps({"secret": secret}), f'{{"secret": "{HIDDEN}"}}'),
        (json.dumps(quoted, ensure_ascii=False), f'"{{\\"secret\\": \\"{HIDDEN}\\"}}"'),
    ):
        assert hide.text(written) == left
    for shown in (repr(secret), repr(f"{secret} isn't"), repr(f'{secret} "is"')):
        for part in (secret[:6], secret[-6:].strip("\n")):
            assert part not in hide.text(shown)
    assert hide.text("Ada Lovelace") == "Ada Lovelace"


def test_each_line_of_a_longer_one() -> None:
    hide = Redactor([("path", "input.secret")])
    hide.learn({"input": {"secret": "-- begin --\nMIIEpAIB\nx\n-- end --"}})
    assert hide.text("stderr: MIIEpAIB") == f"stderr: {HIDDEN}"
    assert hide.text("x") == "x"


def test_one_that_lies_in_another_does_not_leave_the_rest_of_it() -> None:
    hide = Redactor([("path", "input.*")])
    hide.learn({"input": {"short": "abcd"}})
    hide.learn({"input": {"long": "abcd-efgh"}})
    assert hide.text("abcd abcd-efgh") == f"{HIDDEN} {HIDDEN}"
