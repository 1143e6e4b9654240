"""The kinds of code actions there are, as clients name them."""

FIX = "quickfix"
FIX_ALL = "source.fixAll.pointsman"

KINDS: tuple[str, ...] = (FIX, FIX_ALL)
