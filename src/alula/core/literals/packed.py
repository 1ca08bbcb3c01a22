"""Values packed as msgpack, read with a bound on their depth.

The one place that unpacks them, so that whatever is shown, hashed or looked into is read in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, TypeAlias, cast

import msgspec

MSGPACK_TAG = "msgpack"
PACKED_LEVELS_MAX = 100
"""The limit on lists and maps inside each other, well below that of recursion over them."""

Packed: TypeAlias = Any  # msgpack's own values: no type of ours says more
_CONTAINERS = (dict, list, tuple)


class NotUnpackable(Exception):
    """The bytes are not a value; the text says why."""


def unpack(packed: bytes) -> Packed:
    """The value that these bytes hold. Raises `NotUnpackable`."""
    try:
        value = msgspec.msgpack.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError) as broken:
        raise NotUnpackable(f"the value is not valid msgpack ({broken})") from broken
    except RecursionError as deep:
        raise _too_deep() from deep
    if _levels_exceed(value):
        raise _too_deep()
    return value


def plain_packed(value: Packed) -> Packed:
    """An unpacked value in the shape of JSON: keys are texts. msgpack has keys of every kind."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[Any, Any]", value)
        return {key if isinstance(key, str) else str(key): plain_packed(entry) for key, entry in entries.items()}
    if isinstance(value, list | tuple):
        return [plain_packed(item) for item in cast("list[Any]", value)]
    return value


def _levels_exceed(value: Packed) -> bool:
    level: list[Any] = [value]
    for _ in range(PACKED_LEVELS_MAX):
        level = [each for container in level if type(container) in _CONTAINERS for each in _inside(container)]
        if not level:
            return False
    return True


def _inside(container: Any) -> list[Any]:
    """The containers directly inside one: a tuple may be the key of a map."""
    parts: Iterable[Any] = container
    if isinstance(container, dict):
        entries = cast("dict[Any, Any]", container)
        parts = chain(entries, entries.values())
    return [part for part in parts if type(part) in _CONTAINERS]


def _too_deep() -> NotUnpackable:
    return NotUnpackable(f"the value is nested more than {PACKED_LEVELS_MAX} levels deep")
