"""Names of objects: what may stand between two slashes of a URI, in every store."""

from __future__ import annotations

import os
from functools import lru_cache

from alula.core.errors import InvalidInput


def check_segments(name: str, whole: str) -> None:
    """Raises `InvalidInput` for a path that can't name an object."""
    if not all(map(is_segment, name.split("/"))):
        raise InvalidInput("BadObjectName", f"{whole!r} can't name an object", fix="use plain path segments")


@lru_cache(maxsize=4096)
def is_segment(segment: str) -> bool:
    """True if it may stand between two slashes of a path. Most stand in many paths."""
    return segment not in ("", ".", "..") and "\0" not in segment and len(os.fsencode(segment)) <= 255
