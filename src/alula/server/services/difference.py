"""What differs between two versions of one thing, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

SHOWN_MAX = 20
VALUE_MAX_CHARS = 80
_MISSING = "\0"
"""Stands for an absent field; no JSON text that protobuf writes is this."""
Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | bool | None"


def differences(before: Message, after: Message) -> list[str]:
    """One line per field that differs, `path: before -> after`; at most 20, and how many more there are."""
    found = list(_walk("", _plain(before), _plain(after)))
    lines = [f"{path}: {_show(old)} -> {_show(new)}" for path, old, new in found[:SHOWN_MAX]]
    if len(found) > SHOWN_MAX:
        lines.append(f"and {len(found) - SHOWN_MAX} more")
    return lines


def _plain(message: Message) -> Json:
    return MessageToDict(message, preserving_proto_field_name=True)


def _walk(path: str, before: Json, after: Json) -> Iterator[tuple[str, Json, Json]]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            yield from _walk(inner, before.get(key, _MISSING), after.get(key, _MISSING))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _walk(f"{path}[{place}]", old, new)
    else:
        yield path, before, after


def _show(value: Json) -> str:
    if value == _MISSING:
        return "(absent)"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= VALUE_MAX_CHARS else text[: VALUE_MAX_CHARS - 3] + "..."
