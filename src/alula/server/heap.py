"""The heap of the C library, from which extensions and their threads are given memory. glibc only: elsewhere nothing is
done."""

from __future__ import annotations

import ctypes

_ARENA_MAX = -8
"""The number of glibc's option `M_ARENA_MAX`."""
_library = ctypes.CDLL(None)


def share_one_arena() -> None:
    """Have all threads that start from now on share one pool of memory.

    By default each thread gets its own until there are eight for each core, and what is freed in one of them the others
    don't find: 6 MB of a platform that has just started. The interpreter's lock lets one of them run at a time anyway.
    """
    if hasattr(_library, "mallopt"):
        _library.mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Return what is free to the system: 2 MB after a start, whose modules were read and unpacked. Takes 1 ms."""
    if hasattr(_library, "malloc_trim"):
        _library.malloc_trim(0)
