"""Who has taken a result from the cache: the way of a value on to other runs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.shown import LIST_MAX, limited
from alula.server.services.executions import require_execution
from alula.server.services.platform import Platform
from alula.server.store.query import Filter, Query

TAKERS_AMONG = 200
"""The number of runs that are looked at if nothing else is said: no index leads from a result to who takes it."""


class Taker(msgspec.Struct, frozen=True):
    """A node that has taken a result from the cache."""

    project: str
    domain: str
    name: str
    """Of its run."""
    node_id: str
    at: int
    """The time of its last change, in microseconds since 1970."""


class Takers(msgspec.Struct, frozen=True):
    """The nodes that have taken a result of a node."""

    takers: Sequence[Taker]
    """By the run, the newest first."""
    searched: int
    """The number of runs that were looked at: the newest of the same place."""
    more: bool
    """True if there are older runs that were not looked at, and that may have taken it."""


async def list_takers(platform: Platform, caller: Caller, id: ExecutionId, node_id: str, *, runs: int) -> Takers:
    """The nodes among the newest `runs` of the place that have taken what a node has put into the cache. Raises
    `NotFound`."""
    made = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    # A cache belongs to a project and domain, and what is there can be taken only by what comes later or runs beside.
    of_place = tuple(Filter(name, "eq", (value,)) for name, value in zip(("project", "domain"), id.place, strict=True))
    limit = limited(runs, LIST_MAX)
    records = await platform.store.executions.page(Query(limit, filters=of_place))
    among = [each.id for each in records]
    found = await platform.store.nodes.taking(among, f"{id}/{node_id}")
    order = {run: place for place, run in enumerate(among)}
    takers = [
        Taker(*run, node.node_id, node.updated_at) for run, node in sorted(found, key=lambda each: order[each[0]])
    ]
    oldest = records[-1].created_at if records else made.created_at
    return Takers(takers, len(records), more=len(records) == limit and oldest > made.created_at)
