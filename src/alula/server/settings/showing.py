"""The settings as they are, as TOML: each with where it comes from, secrets hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from alula.server.secret import hidden
from alula.server.settings.loading import Loaded
from alula.server.settings.sources import FIELDS

DEFAULT = "default"


def shown(loaded: Loaded) -> str:
    """A file that says all of it."""
    return "\n".join(_lines(loaded))


def _lines(loaded: Loaded) -> Iterator[str]:
    section = ""
    for path, field in sorted(FIELDS.items(), key=lambda item: "." in item[0]):
        table, _, name = path.rpartition(".")
        if table != section:
            yield f"\n[{table}]"
            section = table
        given = loaded.given.get(path)
        value = field.default if given is None else given.value
        value = hidden(value) if field.is_secret else value
        yield f"{name} = {_toml(msgspec.to_builtins(value))}  # {DEFAULT if given is None else given.origin}"


# `Any`: what a TOML file may hold.
def _toml(value: Any) -> str:
    """One value, of the kinds that settings have."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, cast("list[Any]", value))) + "]"
    return json.dumps(value, ensure_ascii=False)
