"""Lines of an edited text find those they were."""

import pytest

from pointsman.language.source import Source
from pointsman_dap.moving import same_lines

CASES = {
    "the same": ("a b c", "a b c", {0: 0, 1: 1, 2: 2}),
    "one more in front": ("a b c", "x a b c", {1: 0, 2: 1, 3: 2}),
    "one more at the end": ("a b c", "a b c x", {0: 0, 1: 1, 2: 2}),
    "one less": ("a b c", "a c", {0: 0, 1: 2}),
    "one changed": ("a b c", "a x c", {0: 0, 2: 2}),
    "several": ("a b c d e", "a x b d y e", {0: 0, 2: 1, 3: 3, 5: 4}),
    "doubled": ("a a", "a a a", {0: 0, 1: 1}),
    "all gone": ("a b", "", {}),
    "from nothing": ("", "a b", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_same_lines(case: str) -> None:
    then, now, expected = CASES[case]
    sources = [Source.of("x", "".join(f"{word}\n" for word in text.split())) for text in (then, now)]
    assert same_lines(*sources) == expected


def test_a_text_that_is_another_one_takes_no_time() -> None:
    old, new = (Source.of("x", "".join(f"{word} {n}\n" for n in range(20_000))) for word in ("a", "b"))
    assert same_lines(old, new) == {}
