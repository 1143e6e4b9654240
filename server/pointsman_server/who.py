"""Who sits here, as far as the machine knows."""

import getpass
import os
from typing import Any


def person() -> str:
    """The name of the user; their number where they have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def principal() -> dict[str, Any]:
    """The same, as a run keeps it and policies see it."""
    return {"id": person(), "roles": ["developer"]}
