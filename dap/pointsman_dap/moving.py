"""Lines of a text that was edited since a run began with it: which line now is which line then."""

from difflib import SequenceMatcher

from pointsman.language.source import Source

MOST = 4000
"""Changed lines that are compared: matching takes time by their square, and such a text is another one."""


def same_lines(then: Source, now: Source) -> dict[int, int]:
    """For each line of the text as it is now that is in the older one too, that line's number there; from 0."""
    old, new = then.data.splitlines(), now.data.splitlines()
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    found = {line: line for line in range(start)}
    found |= {len(new) - 1 - back: len(old) - 1 - back for back in range(end)}
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if len(middle_old) + len(middle_new) <= MOST:
        for block in SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_matching_blocks():
            found |= {start + block.b + step: start + block.a + step for step in range(block.size)}
    return found
