"""The newest version of each name in a list of workflows, tasks or launch plans."""

from __future__ import annotations

from typing import get_args

import msgspec

from alula.core.errors import InvalidInput
from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.shown import LIST_MAX
from alula.server.services.platform import Platform
from alula.server.store.entities import EntityKind

_KINDS = {kind: kind for kind in get_args(EntityKind)}
_AFTER_ALL = "\U0010ffff"
"""Sorts behind each character of a name."""


class Newest(msgspec.Struct, frozen=True):
    name: str
    version: str
    """Registered last."""
    created_at: int
    """Microseconds since the epoch."""


class NewestVersions(msgspec.Struct, frozen=True):
    """By name, 1000 at most."""

    versions: list[Newest]


async def newest_versions(
    platform: Platform, caller: Caller, place: Place, kind: str, *, first: str = "", last: str = ""
) -> NewestVersions:
    """Of the names from `first` to `last`, both included. What the platform has made for itself has none."""
    await platform.require(caller, place, Action.VIEW)
    if kind not in _KINDS:
        raise InvalidInput("InvalidParameter", f"`kind` must be one of {', '.join(_KINDS)}, not `{kind}`")
    found = await platform.store.entities.newest_versions(_KINDS[kind], place, first, last or _AFTER_ALL, LIST_MAX)
    return NewestVersions([Newest(*each) for each in found])
