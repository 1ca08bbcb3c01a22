"""The fix for a file that is named and is not there."""

from __future__ import annotations

import difflib
from itertools import islice
from pathlib import Path

_LOOKED_THROUGH_MAX = 1000


def fix_for_missing(path: Path, suffix: str = "") -> str:
    """The file of the nearest name in its folder; else from where a path is read. With `suffix`, only files with it
    count."""
    folder = path.parent
    try:
        names = [each.name for each in islice(folder.iterdir(), _LOOKED_THROUGH_MAX) if each.name.endswith(suffix)]
    except OSError:
        return f"there is no folder `{folder}` to be read; {_hint()}"
    if close := difflib.get_close_matches(path.name, names, n=1, cutoff=0.6):
        return f"did you mean `{folder / close[0]}`?"
    return _hint()


def _hint() -> str:
    return f"give its path, whole or from {Path.cwd()}"
