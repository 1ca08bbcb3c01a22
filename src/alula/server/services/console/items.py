"""Items of an array node as a console shows them: windows, the phase of each in one byte, and a summary."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import accumulate

import msgspec

from alula.core.engine.records import AttemptPhase, ItemRecord
from alula.core.errors import InvalidInput, NotFound
from alula.core.ids import ExecutionId
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.shown import Said, limited, milliseconds, said
from alula.server.services.executions import require_execution
from alula.server.services.platform import Platform
from alula.server.services.tokens import go_on, token_of
from alula.server.store.executions import ExecutionRecord
from alula.server.store.items import ITEMS, ItemColumns
from alula.server.store.query import Filter, Query, every

BINS_MAX = 2_000
SLOWEST = 5
ERRORS_MAX = 50
ERRORS_READ_MAX = 20_000
"""Failed items whose errors are looked at for a summary, and for a search in one answer."""
INDEXES_MAX = 5
_SORTS = {"index", "updated_at"}
_WITH_ERROR = (AttemptPhase.FAILED, AttemptPhase.RETRYABLE_FAILED)


class Item(msgspec.Struct, frozen=True):
    """An item at its newest attempt. Times are milliseconds after `t0`, -1 if not known."""

    index: int
    phase: int
    attempt: int
    started: int
    ended: int
    cache: int
    error: Said | None


class ItemPage(msgspec.Struct, frozen=True):
    """A page of items."""

    seq: int
    node: str
    size: int
    """The number of items, with those that have not begun."""
    t0: int
    items: list[Item]
    """Only of those that have begun."""
    next: str
    """The cursor of the next page; empty on the last one."""


class Phases(msgspec.Struct, frozen=True):
    """The phase of each item, one byte each; 0 for one that has not begun."""

    seq: int
    data: bytes


class Percentiles(msgspec.Struct, frozen=True):
    """Durations in milliseconds."""

    p50: int
    p90: int
    p95: int
    p99: int
    max: int


class Slow(msgspec.Struct, frozen=True):
    index: int
    ms: int


class SameError(msgspec.Struct, frozen=True):
    """Items that failed for the same reason."""

    code: str
    message: str
    count: int
    indexes: list[int]
    """Of the first of them."""


class Summary(msgspec.Struct, frozen=True):
    """An array in figures. Item `n` of each list of bins is about the time from `from_ms + n * bin_ms` on."""

    seq: int
    size: int
    phases: list[int]
    t0: int
    from_ms: int
    bin_ms: int
    running: list[int]
    """Items that ran at the begin of the bin."""
    done: list[int]
    """Items that succeeded in the bin."""
    failed: list[int]
    durations_ms: Percentiles | None
    """Of items that have ended; None if there are none."""
    slowest: list[Slow]
    errors: list[SameError]
    """The most frequent first."""


async def list_items(
    platform: Platform,
    caller: Caller,
    id: ExecutionId,
    node_id: str,
    *,
    first: int = 0,
    phases: Sequence[int] = (),
    text: str = "",
    sort: str = "index",
    limit: int = 200,
    cursor: str = "",
) -> ItemPage:
    """Items from index `first` on; only those in `phases`, and whose error has `text`, if these are given."""
    record, size = await _require_array(platform, caller, id, node_id)
    sort_by, limit = sort.removeprefix("-"), limited(limit)
    if sort_by not in _SORTS:
        raise InvalidInput("InvalidParameter", f"items can't be sorted by `{sort}`", fix="use index or updated_at")
    filters = [Filter("index", "gte", (str(first),))] if first else []
    asked = list(phases) or ([phase.value for phase in _WITH_ERROR] if text else [])
    if asked:
        filters.append(Filter("phase", "value_in", tuple(map(str, asked))))
    query = Query(limit, filters=tuple(filters), sort_by=sort_by, descending=sort.startswith("-"))
    found, following = await _matching(platform, id, node_id, go_on(query, cursor), text.lower())
    items = [_shown(row, record.created_at) for row in found]
    return ItemPage(record.seq, node_id, size, record.created_at, items, following)


async def read_phases(platform: Platform, caller: Caller, id: ExecutionId, node_id: str) -> Phases:
    """The phases of all items. Raises `NotFound`."""
    record, size = await _require_array(platform, caller, id, node_id)
    phases = await platform.arrays.read(platform.store, record, node_id, size)
    return Phases(phases.seq, bytes(phases.data))


async def summarize(platform: Platform, caller: Caller, id: ExecutionId, node_id: str, *, bins: int = 600) -> Summary:
    """An array in figures, its time in that many parts. Raises `NotFound`."""
    record, size = await _require_array(platform, caller, id, node_id)
    bins = limited(bins, BINS_MAX)
    columns = await platform.store.items.columns(id, node_id)
    errors = await _errors(platform, id, node_id)
    return await asyncio.to_thread(_summary, record, size, columns, errors, bins, platform.clock())


async def _require_array(
    platform: Platform, caller: Caller, id: ExecutionId, node_id: str
) -> tuple[ExecutionRecord, int]:
    record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    size = (await platform.store.attempts.sizes(id, [node_id])).get(node_id)
    if size is None:
        raise NotFound("ArrayNotFound", f"execution `{id}` has no array node `{node_id}`, or it has not begun")
    return record, size


async def _matching(
    platform: Platform, id: ExecutionId, node_id: str, query: Query, text: str
) -> tuple[list[ItemRecord], str]:
    """A page of items whose error has a text, and the cursor of the next. It may have fewer where few have it."""
    found, seen, wanted = list[ItemRecord](), 0, query.limit
    last: ItemRecord | None = None
    portion = msgspec.structs.replace(query, limit=(query.limit if not text else 1_000) + 1)
    async for row in every(ITEMS, partial(platform.store.items.page, id, node_id), portion):
        if len(found) == wanted or seen == ERRORS_READ_MAX:
            assert last is not None
            return found, token_of(query, ITEMS.position(last, query.sort_by))
        last, seen = row, seen + 1
        if not text or (row.error is not None and text in f"{row.error.code}\n{row.error.message}".lower()):
            found.append(row)
    return found, ""


async def _errors(platform: Platform, id: ExecutionId, node_id: str) -> list[SameError]:
    phases = tuple(str(phase.value) for phase in _WITH_ERROR)
    query = Query(1_000, filters=(Filter("phase", "value_in", phases),), sort_by="index", descending=False)
    grouped: dict[Said, list[int]] = {}
    async for row in _at_most(ERRORS_READ_MAX, every(ITEMS, partial(platform.store.items.page, id, node_id), query)):
        if row.error is not None:
            grouped.setdefault(said(row.error), []).append(row.index)
    most = sorted(grouped.items(), key=lambda each: -len(each[1]))[:ERRORS_MAX]
    return [SameError(each.code, each.message, len(of), of[:INDEXES_MAX]) for each, of in most]


async def _at_most(count: int, rows: AsyncIterator[ItemRecord]) -> AsyncIterator[ItemRecord]:
    async for row in rows:
        if count == 0:
            return
        count -= 1
        yield row


def _shown(row: ItemRecord, t0: int) -> Item:
    started, ended = milliseconds((row.started_at, row.ended_at), t0)
    error = None if row.error is None else said(row.error)
    return Item(row.index, row.phase, row.attempt, started, ended, row.cache_status or 0, error)


def _summary(
    record: ExecutionRecord, size: int, columns: ItemColumns, errors: list[SameError], bins: int, now: int
) -> Summary:
    t0 = record.created_at
    began, ended = milliseconds(columns.started_at, t0), milliseconds(columns.ended_at, t0)
    first = min((at for at in began if at >= 0), default=0)
    last = max(milliseconds((record.ended_at or now,), t0)[0] if None in columns.ended_at else first, *ended, first)
    width = -(-(last - first + 1) // bins)
    bins = (last - first) // width + 1
    steps, outcomes = [0] * (bins + 1), {True: [0] * bins, False: [0] * bins}
    durations = list[tuple[int, int]]()
    for index, phase, start, end in zip(columns.item, columns.phase, began, ended, strict=True):
        if end >= 0:
            outcomes[phase == AttemptPhase.SUCCEEDED][max(0, end - first) // width] += 1
        if start < 0:
            continue
        steps[-(-(start - first) // width)] += 1
        steps[min(bins, -(-(max(end, start) - first) // width)) if end >= 0 else bins] -= 1
        if end >= 0:
            durations.append((end - start, index))
    durations.sort()
    counts = Counter(columns.phase)
    return Summary(
        seq=record.seq,
        size=size,
        phases=[counts[phase] for phase in AttemptPhase],
        t0=t0,
        from_ms=first,
        bin_ms=width,
        running=list(accumulate(steps[:bins])),
        done=outcomes[True],
        failed=outcomes[False],
        durations_ms=_percentiles([ms for ms, _ in durations]),
        slowest=[Slow(index, ms) for ms, index in durations[: -SLOWEST - 1 : -1]],
        errors=errors,
    )


def _percentiles(ordered: Sequence[int]) -> Percentiles | None:
    if not ordered:
        return None
    return Percentiles(*(ordered[(len(ordered) - 1) * part // 100] for part in (50, 90, 95, 99)), max=ordered[-1])
