"""How runs of a domain, or of one workflow, have ended over time, and how long they took."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from alula.core.engine.records import ExecutionPhase
from alula.core.errors import InvalidInput
from alula.core.ids import Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.shown import limited
from alula.server.services.platform import Platform
from alula.server.store.executions import EXECUTIONS, ExecutionRecord
from alula.server.store.query import Filter, Query, every

RUNS_MAX = 5_000
BINS_MAX = 1_000
_PORTION = 500
_FAILED = (ExecutionPhase.FAILED, ExecutionPhase.TIMED_OUT)


class Stats(msgspec.Struct, frozen=True):
    """Item `n` of each list is about the runs that were created from `from_us + n * bin_us` on."""

    from_us: int
    bin_us: int
    succeeded: list[int]
    failed: list[int]
    aborted: list[int]
    open: list[int]
    """Runs that have not ended."""
    p50_ms: list[int | None]
    """Of the time from the creation of a run to its end, of those that have succeeded; None if there are none."""
    p95_ms: list[int | None]
    usual_ms: int | None
    """The median over all bins."""
    partial: bool
    """True if older runs of the time are left out."""


async def read_stats(
    platform: Platform,
    caller: Caller,
    place: Place,
    *,
    workflow: str = "",
    from_us: int = 0,
    to_us: int = 0,
    bins: int = 60,
) -> Stats:
    """Of the time from `from_us`, or a day before the end, to `to_us`, or now."""
    await platform.require(caller, place, Action.VIEW)
    bins = limited(bins, BINS_MAX)
    to_us = to_us or platform.clock()
    from_us = from_us or to_us - 86_400_000_000
    if from_us >= to_us:
        raise InvalidInput("InvalidParameter", f"`from` must be before `to`, and {from_us} is not before {to_us}")
    filters = [Filter("project", "eq", (place.project,)), Filter("domain", "eq", (place.domain,))]
    filters += [Filter("workflow.name", "eq", (workflow,))] if workflow else []
    filters += [Filter("created_at", "gte", (str(from_us),)), Filter("created_at", "lt", (str(to_us),))]
    records = list[ExecutionRecord]()
    async for record in every(EXECUTIONS, platform.store.executions.page, Query(_PORTION, filters=tuple(filters))):
        if len(records) == RUNS_MAX:
            return await asyncio.to_thread(_stats, records, from_us, to_us, bins, partial=True)
        records.append(record)
    return await asyncio.to_thread(_stats, records, from_us, to_us, bins, partial=False)


def _stats(records: Sequence[ExecutionRecord], from_us: int, to_us: int, bins: int, *, partial: bool) -> Stats:
    width = -(-(to_us - from_us) // bins)
    ended = {outcome: [0] * bins for outcome in ("succeeded", "failed", "aborted", "open")}
    took: list[list[int]] = [[] for _ in range(bins)]
    for record in records:
        at = (record.created_at - from_us) // width
        ended[_outcome(record.phase)][at] += 1
        if record.phase is ExecutionPhase.SUCCEEDED and record.ended_at is not None:
            took[at].append(max(0, record.ended_at - record.created_at) // 1000)
    return Stats(
        from_us=from_us,
        bin_us=width,
        **ended,
        p50_ms=[_percentile(times, 50) for times in took],
        p95_ms=[_percentile(times, 95) for times in took],
        usual_ms=_percentile([ms for times in took for ms in times], 50),
        partial=partial,
    )


def _outcome(phase: ExecutionPhase) -> str:
    if phase is ExecutionPhase.SUCCEEDED:
        return "succeeded"
    if phase in _FAILED:
        return "failed"
    return "aborted" if phase is ExecutionPhase.ABORTED else "open"


def _percentile(values: Sequence[int], part: int) -> int | None:
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) * part // 100] if ordered else None
