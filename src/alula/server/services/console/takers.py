"""Who has taken a result from the cache: the way of a value on to other runs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alula.core.ids import AttemptId, ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.shown import limited
from alula.server.services.executions import require_execution
from alula.server.services.platform import Platform
from alula.server.services.tokens import go_on, token_of
from alula.server.store.nodes import TAKERS
from alula.server.store.query import Filter, Query


class Taker(msgspec.Struct, frozen=True):
    """A node that has taken a result from the cache."""

    project: str
    domain: str
    name: str
    """Of its run."""
    node_id: str
    at: int
    """The time at which it did, in microseconds since 1970."""


class Takers(msgspec.Struct, frozen=True):
    """The nodes that have taken a result of a node."""

    takers: Sequence[Taker]
    """The newest first."""
    next: str
    """The cursor of older ones; empty if there are none."""


async def list_takers(
    platform: Platform, caller: Caller, id: ExecutionId, node_id: str, *, limit: int, cursor: str = ""
) -> Takers:
    """The nodes that have taken what a node has put into the cache. Raises `NotFound`."""
    await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    newest = Query(limit=1, sort_by="attempt")
    attempts = await platform.store.attempts.page(id, node_id, newest)
    if not attempts:
        return Takers([], "")
    # No attempt follows one that has succeeded, and a cache belongs to a project and domain.
    source = str(AttemptId(id, node_id, attempts[0].attempt))
    limit = limited(limit)
    query = Query(
        limit,
        filters=tuple(
            Filter(field, "eq", (value,))
            for field, value in (("source", source), ("project", id.project), ("domain", id.domain))
        ),
        sort_by="updated_at",
    )
    page = go_on(query, cursor)
    found = await platform.store.nodes.takers(msgspec.structs.replace(page, limit=limit + 1))
    following = token_of(query, TAKERS.position(found[limit - 1], query.sort_by)) if len(found) > limit else ""
    return Takers([Taker(*each.execution, each.node_id, each.updated_at) for each in found[:limit]], following)
