"""The nodes and attempts of a run as columns: made of rows, laid over by newer ones, cut into pages. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import compress
from typing import Any, TypeVar

import msgspec

from alula.server.services.console.shown import Said, milliseconds, said
from alula.server.store.attempts import AttemptColumns, is_told_by_node
from alula.server.store.nodes import NodeColumns


class Nodes(msgspec.Struct, frozen=True):
    """Nodes as columns of one length, in the order of their ids. Times are milliseconds after `t0`, -1 if not known."""

    id: Sequence[str]
    spec: Sequence[str]
    """The node's id in its workflow's template; empty if it is the same as `id`."""
    parent: Sequence[str]
    """The node whose graph it is in; empty at the top level."""
    phase: Sequence[int]
    """`core.NodeExecution.Phase`."""
    created: Sequence[int]
    started: Sequence[int]
    ended: Sequence[int]
    tries: Sequence[int]
    """The number of attempts that have been made."""
    cache: Sequence[int]
    """`core.CatalogCacheStatus`."""
    flags: Sequence[int]
    """The sum of 1 for a parent of nodes, 2 for a dynamic node, 4 for an array, 8 for a deck."""


class Attempts(msgspec.Struct, frozen=True):
    """Attempts as columns of one length, by node and number."""

    node: Sequence[str]
    attempt: Sequence[int]
    phase: Sequence[int]
    """`core.TaskExecution.Phase`."""
    created: Sequence[int]
    started: Sequence[int]
    ended: Sequence[int]


NO_NODES = Nodes(*[()] * len(Nodes.__struct_fields__))
NO_ATTEMPTS = Attempts(*[()] * len(Attempts.__struct_fields__))


class Parts(msgspec.Struct, frozen=True):
    """The nodes of a run, or some of them, with what belongs to them. Nothing of it is changed once it is made."""

    nodes: Nodes = NO_NODES
    children: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    errors: dict[str, Said] = msgspec.field(default_factory=dict[str, Said])
    attempts: Attempts = NO_ATTEMPTS
    sizes: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """The number of items of arrays."""


def parts_of(nodes: NodeColumns, attempts: AttemptColumns | None, t0: int) -> Parts:
    """Rows as the store has them, made ready to be sent."""
    return Parts(
        Nodes(
            id=nodes.node_id,
            spec=[_unlike(spec, id) for id, spec in zip(nodes.node_id, nodes.spec_node_id, strict=True)],
            parent=[parent or "" for parent in nodes.parent_id],
            phase=nodes.phase,
            created=milliseconds(nodes.created_at, t0),
            started=milliseconds(nodes.started_at, t0),
            ended=milliseconds(nodes.ended_at, t0),
            tries=nodes.attempts,
            cache=[status or 0 for status in nodes.cache_status],
            flags=nodes.flags,
        ),
        {id: child for id, child in zip(nodes.node_id, nodes.child, strict=True) if child is not None},
        {id: said(error) for id, error in zip(nodes.node_id, nodes.error, strict=True) if error is not None},
        NO_ATTEMPTS if attempts is None else _attempts_of(attempts, t0),
        {} if attempts is None else sizes_of(attempts),
    )


def laid_over(known: Parts, nodes: NodeColumns, attempts: AttemptColumns, t0: int) -> Parts:
    """All that is known with rows that have changed, as if all had been read anew."""
    newer = parts_of(nodes, attempts, t0)
    of_all = _joined(known.attempts, newer.attempts, 2)
    told = {
        (node, number)
        for node, number, phase, size in zip(
            attempts.node_id, attempts.attempt, attempts.phase, attempts.size, strict=True
        )
        if is_told_by_node(number, phase, size)
    }
    return Parts(
        _joined(known.nodes, newer.nodes, 1),
        known.children | newer.children,
        known.errors | newer.errors,
        _without(of_all, told) if told else of_all,
        known.sizes | newer.sizes,
    )


def page_of(parts: Parts, after: str, limit: int) -> tuple[Parts, str]:
    """So many nodes with what is theirs, from the one after `after` on, and the cursor of those that follow. The first
    page has all attempts and sizes."""
    ids = parts.nodes.id
    start = bisect_right(ids, after) if after else 0
    end = start + limit
    if not after and end >= len(ids):
        return parts, ""
    nodes = Nodes(*(column[start:end] for column in _columns(parts.nodes)))
    children = {id: parts.children[id] for id in nodes.id if id in parts.children}
    errors = {id: parts.errors[id] for id in nodes.id if id in parts.errors}
    page = Parts(nodes, children, errors) if after else Parts(nodes, children, errors, parts.attempts, parts.sizes)
    return page, ids[end - 1] if end < len(ids) else ""


def sizes_of(attempts: AttemptColumns) -> dict[str, int]:
    """The number of items of arrays, by node."""
    return {id: size for id, size in zip(attempts.node_id, attempts.size, strict=True) if size is not None}


def _attempts_of(attempts: AttemptColumns, t0: int) -> Attempts:
    return Attempts(
        node=attempts.node_id,
        attempt=attempts.attempt,
        phase=attempts.phase,
        created=milliseconds(attempts.created_at, t0),
        started=milliseconds(attempts.started_at, t0),
        ended=milliseconds(attempts.ended_at, t0),
    )


def _unlike(spec: str | None, id: str) -> str:
    return "" if spec is None or spec == id else spec


Columns = TypeVar("Columns", Nodes, Attempts)


def _joined(known: Columns, newer: Columns, keys: int) -> Columns:
    """Both, in the order of their first `keys` columns; a newer row takes the place of the one with its key."""
    of_newer = _columns(newer)
    if not of_newer[0]:
        return known
    columns = [list(column) for column in _columns(known)]
    rows, count = range(len(columns[0])), len(columns[0])
    added = list[int]()
    for at, row in enumerate(zip(*of_newer, strict=True)):
        place = bisect_left(rows, row[:keys], key=lambda place: tuple(column[place] for column in columns[:keys]))
        if place < count and all(column[place] == cell for column, cell in zip(columns, row[:keys], strict=False)):
            for column, cell in zip(columns, row, strict=True):
                column[place] = cell
        else:
            added.append(at)
    if added:
        whole = [[*column, *(cells[at] for at in added)] for column, cells in zip(columns, of_newer, strict=True)]
        order = sorted(range(len(whole[0])), key=lambda place: tuple(column[place] for column in whole[:keys]))
        columns = [[column[place] for place in order] for column in whole]
    return type(known)(*columns)


def _without(attempts: Attempts, told: set[tuple[str, int]]) -> Attempts:
    kept = [key not in told for key in zip(attempts.node, attempts.attempt, strict=True)]
    return Attempts(*(list(compress(column, kept)) for column in _columns(attempts)))


# `Any`: the cells of a column are of one type, but each column has its own.
def _columns(of: Nodes | Attempts) -> Sequence[Sequence[Any]]:
    return msgspec.structs.astuple(of)
