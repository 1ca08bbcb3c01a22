"""The last runs of a workflow against its nodes: in which phase each node was, and how long it took."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from alula.core.ids import ExecutionId, Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.runs import Run, runs_query, shown_runs
from alula.server.services.console.shown import limited
from alula.server.services.platform import Platform
from alula.server.services.tokens import token_of
from alula.server.store.executions import EXECUTIONS
from alula.server.store.nodes import NodeColumns
from alula.server.store.query import Filter

RUNS_MAX = 100
NODES_MAX = 1_000
"""Nodes of each run: those at the top level."""


class Grid(msgspec.Struct, frozen=True):
    """Columns are runs, the newest first; rows are nodes."""

    runs: list[Run]
    nodes: list[str]
    """Ids, in the order in which they began."""
    phase: list[list[int]]
    """By run, then by node: `core.NodeExecution.Phase`; 0 for a node that the run has not."""
    ms: list[list[int]]
    """By run, then by node: from its begin to its end; -1 if not known."""
    next: str
    """The cursor of older runs; empty if there are none."""


async def read_grid(
    platform: Platform, caller: Caller, place: Place, workflow: str, *, runs: int = 50, cursor: str = ""
) -> Grid:
    """A page of the runs of all versions of a workflow."""
    await platform.require(caller, place, Action.VIEW)
    query = runs_query(place, "", sort="-created_at", limit=limited(runs, RUNS_MAX), cursor=cursor)
    query = msgspec.structs.replace(query, filters=(*query.filters, Filter("workflow.name", "eq", (workflow,))))
    records = await platform.store.executions.page(msgspec.structs.replace(query, limit=query.limit + 1))
    following = ""
    if len(records) > query.limit:
        records = records[: query.limit]
        following = token_of(query, EXECUTIONS.position(records[-1], query.sort_by))
    columns = {r.id: await platform.store.nodes.columns(r.id, "", limit=NODES_MAX) for r in records}
    nodes, phase, ms = await asyncio.to_thread(_cells, columns)
    return Grid(await shown_runs(platform, records), nodes, phase, ms, following)


def _cells(columns: Mapping[ExecutionId, NodeColumns]) -> tuple[list[str], list[list[int]], list[list[int]]]:
    began: dict[str, int] = {}
    for of_run in columns.values():
        first = min((at for at in of_run.created_at if at is not None), default=0)
        for node_id, at in zip(of_run.node_id, of_run.created_at, strict=True):
            began.setdefault(node_id, (at or first) - first)
    nodes = sorted(began, key=lambda node_id: (began[node_id], node_id))
    by_node = [dict(zip(of_run.node_id, range(len(of_run.node_id)), strict=True)) for of_run in columns.values()]
    phase, ms = list[list[int]](), list[list[int]]()
    for of_run, places in zip(columns.values(), by_node, strict=True):
        phase.append([of_run.phase[places[id]] if id in places else 0 for id in nodes])
        ms.append([_took(of_run, places.get(id)) for id in nodes])
    return nodes, phase, ms


def _took(columns: NodeColumns, place: int | None) -> int:
    if place is None:
        return -1
    started, ended = columns.started_at[place], columns.ended_at[place]
    return -1 if started is None or ended is None else max(0, ended - started) // 1000
