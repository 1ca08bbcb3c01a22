"""Merging of rows, where later ones win: the one statement of "`None` means as before".

Pure. The memory store merges every row with it; the SQL store merges the rows of one transaction, and says
the same to the database in its upserts. Does not know how rows are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, TypeVar

import msgspec

from alula.core.engine.records import AttemptRecord, Changes, ItemRecord, JobRecord, NodeRecord, SignalRecord
from alula.core.ids import ExecutionId

Row = TypeVar("Row", bound=msgspec.Struct)


class Merged(NamedTuple):
    """All that one transaction changes of an execution, with at most one row for each thing."""

    execution: ExecutionId
    seq: int
    """The number of events that its log has then. The rows carry it."""
    changes: Changes


def merge(changes: Iterable[Changes]) -> Changes:
    """Merge changes of one execution, in this order. The result has at most one row for each thing.

    >>> early = Changes(nodes=[NodeRecord("n0", NodePhase.QUEUED, 1, created_at=1)])
    >>> late = Changes(nodes=[NodeRecord("n0", NodePhase.RUNNING, 2)])
    >>> merge([early, late]).nodes[0].created_at
    1
    """
    merged = Changes()
    for change in changes:
        if change.execution is not None:
            merged.execution = (
                change.execution if merged.execution is None else overlay(merged.execution, change.execution)
            )
        merged.nodes += change.nodes
        merged.attempts += change.attempts
        merged.items += change.items
        merged.reasons += change.reasons
        merged.signals += change.signals
        merged.jobs += change.jobs
        merged.published += change.published
        merged.released += change.released
    merged.nodes = fold(merged.nodes, node_key, overlay)
    merged.attempts = fold(merged.attempts, attempt_key, overlay)
    merged.items = fold(merged.items, item_key, overlay_item)
    merged.signals = fold(merged.signals, signal_key, overlay)
    merged.jobs = fold(merged.jobs, job_key, lambda _older, newer: newer)
    merged.published = fold(merged.published, lambda entry: entry.key.digest, lambda _older, newer: newer)
    return merged


def fold(rows: list[Row], key: Callable[[Row], Hashable], combine: Callable[[Row, Row], Row]) -> list[Row]:
    """One row for each key, in the order of first appearance."""
    if len(rows) < 2:
        return list(rows)
    kept: dict[Hashable, Row] = {}
    for row in rows:
        identity = key(row)
        older = kept.get(identity)
        kept[identity] = row if older is None else combine(older, row)
    return list(kept.values())


def overlay(older: Row, newer: Row) -> Row:
    """`newer`, with the fields of `older` where `newer` says nothing (None)."""
    silent = {field: getattr(older, field) for field in newer.__struct_fields__ if getattr(newer, field) is None}
    return msgspec.structs.replace(newer, **silent) if silent else newer


def overlay_item(older: ItemRecord, newer: ItemRecord) -> ItemRecord:
    """As `overlay`, but a row shows the newest attempt, which does not inherit error and times of the last one."""
    if newer.attempt < older.attempt:
        return older
    return overlay(older, newer) if older.attempt == newer.attempt else newer


def node_key(row: NodeRecord) -> str:
    return row.node_id


def attempt_key(row: AttemptRecord) -> tuple[str, int]:
    return row.node_id, row.attempt


def item_key(row: ItemRecord) -> tuple[str, int]:
    return row.node_id, row.index


def signal_key(row: SignalRecord) -> str:
    return row.signal_id


def job_key(row: JobRecord) -> tuple[str, int, int]:
    return row.node_id, row.index, row.attempt
