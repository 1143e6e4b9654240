"""Text that people wrote, as Markdown and back: what they read is what they wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman_lsp.features.markdown import code, fence, plain, shortened, words

TEXTS = st.text("ab1 *`_[]<>~\\\\|!#&;-+.)\n\u2028é", max_size=40)


@given(TEXTS, TEXTS)
def test_plain_is_what_was_written(one: str, two: str) -> None:
    markdown = f"**stage** {code(one)} \u00b7 {words(two)}"
    assert plain(markdown) == f"stage {shortened(one)} \u00b7 {shortened(two)}"


@given(TEXTS)
def test_code_keeps_its_signs(text: str) -> None:
    lines = text.rstrip()
    assert plain(f"*before*\n\n{fence('yaml', text)}\n\n`after`") == f"before\n\n{lines}\n\nafter"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**end** · the end of this block", "end · the end of this block"),
        ("Default: `5m`, or ``a `b` c``", "Default: 5m, or a `b` c"),
        ("- when `a * b`: *then*", "- when a * b: then"),
        ("", ""),
    ],
)
def test_signs_go_and_text_stays(markdown: str, text: str) -> None:
    assert plain(markdown) == text
