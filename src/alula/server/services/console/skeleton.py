"""A run with all its nodes, as columns, and what has changed in it since.

Theory of operation. A client reads the *skeleton* once, then asks for the *changes* since the number of the log that it
has. The number is read before the rows: what is committed meanwhile is in the answer already, and comes once more with
the next one. Rows are whole, so laying one twice does no harm. Where more has changed than an answer holds, it says so,
and the client reads the skeleton again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from alula.core.engine.records import AttemptPhase, NodePhase, SignalRecord
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.columns import Attempts, Nodes, Parts, page_of, parts_of, sizes_of
from alula.server.services.console.runs import Run, as_shown, shown_run
from alula.server.services.console.shown import Said, limited
from alula.server.services.executions import require_execution
from alula.server.services.platform import Platform
from alula.server.store.executions import ExecutionRecord
from alula.server.store.items import ItemColumns

NODES_MAX = 20_000
"""Nodes in one answer. Of a run that has more, the inside of each node is asked for by itself."""
CHANGED_MAX = 20_000
"""Nodes, attempts and items, each, in one answer of changes."""
LARGE_ARRAY = 1_000


class Array(msgspec.Struct, frozen=True):
    """An array node."""

    size: int
    phases: Sequence[int]
    """The number of items in each `core.TaskExecution.Phase`, of those that have begun."""


class Signal(msgspec.Struct, frozen=True):
    """The question of a gate."""

    id: str
    node: str
    created_at: int | None
    principal: str | None
    """The one that answered."""
    answered: bool


class Items(msgspec.Struct, frozen=True):
    """Items of an array, as columns of one length."""

    index: Sequence[int]
    phase: Sequence[int]


class Skeleton(msgspec.Struct, frozen=True, kw_only=True):
    """A run with its nodes."""

    seq: int
    """The number of events that its log has, at least: ask for the changes since."""
    t0: int
    """The time from which columns count: when the run was created, in microseconds since the epoch."""
    now: int
    run: Run
    nodes: Nodes
    children: dict[str, str]
    """The runs that nodes have launched, by node."""
    errors: dict[str, Said]
    """By node."""
    attempts: Attempts
    """Those that the columns of their nodes do not tell: in flight, of an array, or of a node that has several."""
    arrays: dict[str, Array]
    """By node."""
    signals: list[Signal]
    partial: bool = False
    """True if nodes inside of others are left out."""
    next: str = ""
    """The cursor of further nodes; empty if there are none."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed in a run, as a skeleton that has nothing else. Lay it over what is known."""

    since: int
    reset: bool
    """True if more has changed than an answer holds: read the skeleton again. All else is empty then."""
    seq: int
    t0: int
    now: int
    run: Run
    nodes: Nodes
    children: dict[str, str]
    errors: dict[str, Said]
    attempts: Attempts
    """All that have changed."""
    arrays: dict[str, Array]
    signals: list[Signal]
    items: dict[str, Items | None]
    """By node; None for an array in which too many items have changed: read its phases again."""


async def tag_of(platform: Platform, caller: Caller, id: ExecutionId) -> str:
    """A tag that is another one when anything of the run may have changed. Raises `NotFound`."""
    record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    return f"{record.created_at}-{record.seq}{'-archived' if record.archived else ''}"


async def read_skeleton(
    platform: Platform,
    caller: Caller,
    id: ExecutionId,
    *,
    parent: str | None = None,
    limit: int = NODES_MAX,
    cursor: str = "",
) -> Skeleton:
    """The nodes of a run, or with `parent` those inside of one node. Raises `NotFound`."""
    record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    limit = limited(limit, NODES_MAX)
    parts = await platform.runs.read(platform.store, record, NODES_MAX) if parent is None else None
    partial = parent is None and parts is None
    if parts is not None:
        counted = Counter(parts.nodes.phase)
        run = as_shown(record, {phase: counted[phase] for phase in NodePhase})
    else:
        run = await shown_run(platform, record)
        parts = await _inside(platform, record, parent or "", cursor, limit, with_attempts=not cursor)
    parts, following = page_of(parts, cursor, limit)
    counts = await _counts(platform, record, parts.sizes)
    signals = [] if cursor else await platform.store.signals.changed(id, 0)
    told = _told(parts, counts, signals)
    return Skeleton(**told, **_head(platform, record, run), partial=partial, next=following)


async def _inside(
    platform: Platform, record: ExecutionRecord, parent: str, after: str, limit: int, *, with_attempts: bool
) -> Parts:
    """Nodes below one, and one more than `limit`. Attempts are those of the whole run."""
    nodes = await platform.store.nodes.columns(record.id, parent, after=after, limit=limit + 1)
    attempts = await platform.store.attempts.columns(record.id) if with_attempts else None
    return await asyncio.to_thread(parts_of, nodes, attempts, record.created_at)


async def read_changes(platform: Platform, caller: Caller, id: ExecutionId, since: int) -> Changes:
    """What has changed after the log of a run had `since` events. Raises `NotFound`."""
    record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    return await changes_of(platform, record, since)


async def changes_of(platform: Platform, record: ExecutionRecord, since: int) -> Changes:
    """The same of a run that was read after `since` was known. Asks for no right."""
    head = _head(platform, record, await shown_run(platform, record))
    found = await _changed(platform, record, since) if 0 < since <= record.seq else None
    told, items = found or (_told(Parts(), {}, ()), {})
    return Changes(**told, **head, since=since, reset=found is None, items=items)


async def _changed(
    platform: Platform, record: ExecutionRecord, since: int
) -> tuple[dict[str, Any], dict[str, Items | None]] | None:
    """None if it is too much for an answer."""
    store, id = platform.store, record.id
    nodes = await store.nodes.columns(id, since=since, limit=CHANGED_MAX + 1)
    attempts = await store.attempts.columns(id, since=since, limit=CHANGED_MAX + 1)
    if max(len(nodes.node_id), len(attempts.node_id)) > CHANGED_MAX:
        return None
    signals = await store.signals.changed(id, since)
    changed = await store.items.columns(id, since=since, limit=CHANGED_MAX + 1)
    arrays = {*changed.node_id, *sizes_of(attempts)}
    if len(changed.node_id) > CHANGED_MAX:
        arrays |= (await store.items.counts(id)).keys()
        items: dict[str, Items | None] = dict.fromkeys(sorted(arrays))
    else:
        items = dict(_by_node(changed))
    sizes = await store.attempts.sizes(id, arrays) if arrays else {}
    counts = await _counts(platform, record, sizes)
    parts = await asyncio.to_thread(parts_of, nodes, attempts, record.created_at)
    return _told(msgspec.structs.replace(parts, sizes=sizes), counts, signals), items


async def _counts(
    platform: Platform, record: ExecutionRecord, sizes: Mapping[str, int]
) -> Mapping[str, Mapping[AttemptPhase, int]]:
    """Of small arrays all items are counted; of large ones it is known what they were."""
    small = [node_id for node_id, size in sizes.items() if size < LARGE_ARRAY]
    counts: dict[str, Mapping[AttemptPhase, int]] = {}
    if small:
        counts |= await platform.store.items.counts(record.id, small)
    for node_id in sizes.keys() - set(small):
        phases = await platform.arrays.read(platform.store, record, node_id, sizes[node_id])
        counts[node_id] = phases.counts
    return counts


def _head(platform: Platform, record: ExecutionRecord, run: Run) -> dict[str, Any]:
    return {"seq": record.seq, "t0": record.created_at, "now": platform.clock(), "run": run}


def _told(
    parts: Parts, counts: Mapping[str, Mapping[AttemptPhase, int]], signals: Sequence[SignalRecord]
) -> dict[str, Any]:
    return {
        "nodes": parts.nodes,
        "children": parts.children,
        "errors": parts.errors,
        "attempts": parts.attempts,
        "arrays": {
            id: Array(size, [counts.get(id, {}).get(phase, 0) for phase in AttemptPhase])
            for id, size in parts.sizes.items()
        },
        "signals": [
            Signal(each.signal_id, each.node_id, each.created_at, each.principal, each.value is not None)
            for each in signals
        ],
    }


def _by_node(items: ItemColumns) -> Iterator[tuple[str, Items]]:
    """Items are in the order of their nodes."""
    for node_id, of_node in groupby(range(len(items.node_id)), key=lambda place: items.node_id[place]):
        places = list(of_node)
        span = slice(places[0], places[-1] + 1)
        yield node_id, Items(items.item[span], items.phase[span])
