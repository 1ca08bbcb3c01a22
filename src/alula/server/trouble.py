"""Trouble of stores that passes: a request that is refused now may work later as it is."""

from __future__ import annotations

from alula.core.errors import ResourceExhausted, Unavailable

_MAY_PASS = frozenset(("DiskFull", "StoreDiskFull", "StoreOutOfMemory", "StoreOverloaded"))
"""Codes of `ResourceExhausted` that may pass. A single value that is too big never does."""


def passes(error: BaseException) -> bool:
    """True for trouble of a store that passes: the same may work later. All else stays as it is."""
    return isinstance(error, Unavailable) or (isinstance(error, ResourceExhausted) and error.code in _MAY_PASS)
