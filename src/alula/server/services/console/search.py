"""Search by name: runs, workflows, tasks and launch plans; also runs by their labels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from alula.core.errors import InvalidInput
from alula.core.ids import Place
from alula.server.access import Action, Places
from alula.server.identity import Caller
from alula.server.services.console.shown import limited
from alula.server.services.platform import Platform
from alula.server.store.entities import EntityKind
from alula.server.store.executions import LABEL_VALUE
from alula.server.store.query import Filter, Query

HITS_MAX = 100
TEXT_MAX_CHARS = 200
_KINDS: tuple[EntityKind, ...] = ("workflow", "task", "launch_plan")
_AFTER_ALL = "\U0010ffff"
"""Sorts behind each character of a name."""


class Hit(msgspec.Struct, frozen=True):
    """A thing whose name has the text."""

    kind: str
    """`run`, `workflow`, `task` or `launch_plan`."""
    project: str
    domain: str
    name: str
    at: int
    """When it was created, or its newest version; microseconds since the epoch."""


class Hits(msgspec.Struct, frozen=True):
    """Those whose name begins with the text first, and then the newest first."""

    hits: list[Hit]


async def search(
    platform: Platform, caller: Caller, text: str, *, project: str = "", domain: str = "", limit: int = 20
) -> Hits:
    """Things of a domain, or with an empty one of all that `caller` may view."""
    if project and domain:
        await platform.require(caller, Place(project, domain), Action.VIEW)
        places = None
    else:
        places = await platform.viewable(caller)
    if not 1 <= len(text) <= TEXT_MAX_CHARS:
        raise InvalidInput("InvalidParameter", f"`q` must be a text of 1 to {TEXT_MAX_CHARS} characters")
    limit = limited(limit, HITS_MAX)
    within = [Filter(name, "eq", (value,)) for name, value in (("project", project), ("domain", domain)) if value]
    begins = (Filter("name", "gte", (text,)), Filter("name", "lt", (text + _AFTER_ALL,)))
    contains = (Filter("name", "contains", (text,)),)
    labelled = (Filter(LABEL_VALUE, "contains", (text,)),)
    asked = [
        *(_runs(platform, (*within, *which), places, limit) for which in (begins, contains, labelled)),
        *(_names(platform, kind, (*within, *w), places, limit) for kind in _KINDS for w in (begins, contains)),
    ]
    found = {hit: None for hits in await asyncio.gather(*asked) for hit in hits}
    ordered = sorted(found, key=lambda hit: (not hit.name.startswith(text), -hit.at))
    return Hits(ordered[:limit])


async def _runs(platform: Platform, which: Sequence[Filter], places: Places, limit: int) -> list[Hit]:
    records = await platform.store.executions.page(Query(limit, filters=tuple(which), places=places))
    return [Hit("run", *record.id, record.created_at) for record in records]


async def _names(
    platform: Platform, kind: EntityKind, which: Sequence[Filter], places: Places, limit: int
) -> list[Hit]:
    shown = Filter("hidden", "eq", ("FALSE",))
    names = await platform.store.entities.names(kind, Query(limit, filters=(*which, shown), places=places))
    return [Hit(kind, *name) for name in names]
