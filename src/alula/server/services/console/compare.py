"""Two runs beside each other: their values, their settings, and their nodes by phase and time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from flyteidl.admin import execution_pb2
from flyteidl.core import literals_pb2
from google.protobuf import json_format

from alula.core.ids import ExecutionId, Place
from alula.core.literals.text import literal_text
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.columns import Nodes, Parts, parts_of
from alula.server.services.console.runs import Run, shown_runs
from alula.server.services.console.skeleton import NODES_MAX
from alula.server.services.executions import read_execution
from alula.server.services.platform import Platform
from alula.server.store.executions import ExecutionRecord

_SHOWN_ELSEWHERE = ("launch_plan", "inputs", "metadata")
"""Fields of a specification that are no settings: the runs themselves tell them."""


class Pair(msgspec.Struct, frozen=True):
    """A value of both runs, as people read it."""

    name: str
    a: str | None
    """None if this run has none."""
    b: str | None
    same: bool
    """True if both are equal as a whole, also where their texts are cut."""


class NodePairs(msgspec.Struct, frozen=True):
    """The nodes of both runs as columns of one length, in the order of their ids."""

    id: Sequence[str]
    spec: Sequence[str]
    """The node's id in its workflow's template; empty if it is the same as `id`."""
    parent: Sequence[str]
    """The node whose graph it is in; empty at the top level."""
    a_phase: Sequence[int]
    """`core.NodeExecution.Phase`; 0 if this run has no such node."""
    b_phase: Sequence[int]
    a_ms: Sequence[int]
    """From its begin to its end; -1 if not known."""
    b_ms: Sequence[int]
    a_cache: Sequence[int]
    """`core.CatalogCacheStatus`."""
    b_cache: Sequence[int]


class Comparison(msgspec.Struct, frozen=True):
    """Two runs."""

    a: Run
    b: Run
    inputs: list[Pair]
    outputs: list[Pair]
    settings: list[Pair]
    """Fields of the specification that at least one of them sets, without inputs and what was launched."""
    nodes: NodePairs
    partial: bool
    """True if nodes inside of others are left out, as there are too many."""


async def compare_runs(platform: Platform, caller: Caller, place: Place, a: str, b: str) -> Comparison:
    """Two runs of one domain. Raises `NotFound`."""
    await platform.require(caller, place, Action.VIEW)
    records = [await read_execution(platform, ExecutionId(*place, name)) for name in (a, b)]
    runs = await shown_runs(platform, records)
    parts = [await platform.runs.read(platform.store, record, NODES_MAX) for record in records]
    partial = None in parts
    nodes = [
        (await _top_level(platform, record)).nodes if partial or whole is None else whole.nodes
        for record, whole in zip(records, parts, strict=True)
    ]
    return await asyncio.to_thread(_compared, runs, records, nodes, partial)


async def _top_level(platform: Platform, record: ExecutionRecord) -> Parts:
    nodes = await platform.store.nodes.columns(record.id, "", limit=NODES_MAX)
    return parts_of(nodes, None, record.created_at)


def _compared(runs: list[Run], records: list[ExecutionRecord], nodes: list[Nodes], partial: bool) -> Comparison:
    a, b = records
    return Comparison(
        *runs,
        inputs=_pairs(_literals(a.inputs), _literals(b.inputs)),
        outputs=_pairs(_literals(a.outputs), _literals(b.outputs)),
        settings=_pairs(_settings(a.spec), _settings(b.spec)),
        nodes=paired(*nodes),
        partial=partial,
    )


Shown = Mapping[str, tuple[str, bytes]]
"""By name: a value's text, and what is equal only for equal values."""


def _pairs(a: Shown, b: Shown) -> list[Pair]:
    nothing = (None, None)
    return [
        Pair(name, a.get(name, nothing)[0], b.get(name, nothing)[0], a.get(name) == b.get(name))
        for name in sorted({*a, *b})
    ]


def _literals(data: bytes | None) -> Shown:
    """Values that were put aside are equal if their names are: these are digests."""
    literals = literals_pb2.LiteralMap.FromString(data or b"").literals
    return {
        name: (literal_text(literal), literal.SerializeToString(deterministic=True))
        for name, literal in literals.items()
    }


def _settings(spec: bytes) -> Shown:
    # `Any`: JSON.
    message: dict[str, Any] = json_format.MessageToDict(
        execution_pb2.ExecutionSpec.FromString(spec), preserving_proto_field_name=True
    )
    settings = {name: value for name, value in message.items() if name not in _SHOWN_ELSEWHERE}
    return {path: (text, text.encode()) for path, text in _leaves(settings, "")}


# `Any`: as above.
def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in cast("dict[str, Any]", value).items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif path:
        yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def paired(a: Nodes, b: Nodes) -> NodePairs:
    """Nodes beside those of the same id."""
    in_a, in_b = (dict(zip(nodes.id, range(len(nodes.id)), strict=True)) for nodes in (a, b))
    ids = sorted({*in_a, *in_b})

    def either(of_a: Sequence[str], of_b: Sequence[str]) -> list[str]:
        return [of_a[in_a[id]] if id in in_a else of_b[in_b[id]] for id in ids]

    def column(of: Sequence[int], places: Mapping[str, int], absent: int) -> list[int]:
        return [of[places[id]] if id in places else absent for id in ids]

    return NodePairs(
        id=ids,
        spec=either(a.spec, b.spec),
        parent=either(a.parent, b.parent),
        a_phase=column(a.phase, in_a, 0),
        b_phase=column(b.phase, in_b, 0),
        a_ms=column(_took(a), in_a, -1),
        b_ms=column(_took(b), in_b, -1),
        a_cache=column(a.cache, in_a, 0),
        b_cache=column(b.cache, in_b, 0),
    )


def _took(nodes: Nodes) -> list[int]:
    return [
        max(0, ended - started) if started >= 0 and ended >= 0 else -1
        for started, ended in zip(nodes.started, nodes.ended, strict=True)
    ]
