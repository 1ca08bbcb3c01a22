"""The rows of a run, as records of a file: nodes, attempts, items, signals and reasons, in the order of their keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from typing import TypeAlias

import msgspec

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    Changes,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
    SignalRecord,
)
from alula.core.ids import ExecutionId
from alula.core.policy.run_file import damaged
from alula.server.store import Store
from alula.server.store.nodes import NODES
from alula.server.store.query import Query, every
from alula.server.store.signals import SIGNALS

Row: TypeAlias = NodeRecord | AttemptRecord | ItemRecord | SignalRecord | Reason
_KINDS: dict[str, type[Row]] = {
    "node": NodeRecord,
    "attempt": AttemptRecord,
    "item": ItemRecord,
    "signal": SignalRecord,
    "reason": Reason,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_PORTION = 500
_INTEGER_MAX = 1 << 62
_ID_MAX_CHARS = 500
_IDS = ("node_id", "parent_id", "spec_node_id", "signal_id", "child", "executor", "task_type", "code")


async def read_rows(store: Store, id: ExecutionId) -> AsyncIterator[Row]:
    """All rows of a run. Of one that goes on meanwhile each is as it was at some moment."""
    by_id = Query(limit=_PORTION, sort_by="node_id", descending=False)
    async for node in every(NODES, partial(store.nodes.page, id, None, with_values=True), by_id):
        yield node
    key = ("", -1)
    while attempts := await store.attempts.portion(id, after=key, limit=_PORTION):
        for attempt in attempts:
            yield attempt
            key = (attempt.node_id, attempt.attempt)
    key = ("", -1)
    while items := await store.items.portion(id, after=key, limit=_PORTION):
        for item in items:
            yield item
            key = (item.node_id, item.index)
    by_id = msgspec.structs.replace(by_id, sort_by="signal_id")
    async for signal in every(SIGNALS, partial(store.signals.page, id), by_id):
        yield signal
    last = 0
    while reasons := await store.reasons.page(id, after=last, limit=_PORTION):
        for last, reason in reasons:  # noqa: B007 the last number is where the next page begins
            yield reason


def encode(row: Row) -> bytes:
    return msgspec.msgpack.encode((_NAMES[type(row)], row))


def decode(record: bytes) -> Row:
    """Raises `InvalidInput` for a record that is no row which a store can keep."""
    try:
        name, data = msgspec.msgpack.decode(record, type=tuple[str, msgspec.Raw])
        row = msgspec.msgpack.decode(data, type=_KINDS[name])
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise damaged(f"a row can't be read: {error}") from error
    check_fields(row)
    return row


def check_fields(record: msgspec.Struct) -> None:
    """Check that a store can keep the numbers and ids of a record. Raises `InvalidInput`."""
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, int) and abs(value) > _INTEGER_MAX:
            raise damaged(f"`{name}` of a record is {value}")
        if name in _IDS and isinstance(value, str) and (len(value) > _ID_MAX_CHARS or not value.isprintable()):
            raise damaged(f"`{name}` of a record can't be {value[:_ID_MAX_CHARS]!r}")


def closed(row: Row, at: int) -> Row:
    """The row of a run that ends at this time: what has not ended is aborted."""
    if isinstance(row, NodeRecord) and not row.phase.is_terminal:
        return msgspec.structs.replace(row, phase=NodePhase.ABORTED, updated_at=at, ended_at=at)
    if isinstance(row, AttemptRecord | ItemRecord) and not row.phase.is_terminal:
        return msgspec.structs.replace(row, phase=AttemptPhase.ABORTED, updated_at=at, ended_at=at)
    return row


def in_portions(rows: Iterable[Row]) -> Iterator[Changes]:
    """Rows as changes of a run, some at a time."""
    changes, count = Changes(), 0
    for row in rows:
        match row:
            case NodeRecord():
                changes.nodes.append(row)
            case AttemptRecord():
                changes.attempts.append(row)
            case ItemRecord():
                changes.items.append(row)
            case SignalRecord():
                changes.signals.append(row)
            case Reason():
                changes.reasons.append(row)
        count += 1
        if count == _PORTION:
            yield changes
            changes, count = Changes(), 0
    if count:
        yield changes
