"""Backfills: to start one, to look at it, to pause, resume and cancel it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from alula.core.errors import AlreadyExists, FailedPrecondition, InvalidInput, NotFound, Unavailable
from alula.core.ids import ExecutionId, Place
from alula.core.policy.backfilling import BackfillState, cancelled
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.backfill_plan import Asked, plan_backfill
from alula.server.services.platform import Platform
from alula.server.store.audits import Audit
from alula.server.store.backfill_records import BackfillRecord, SlotRecord
from alula.server.store.query import Filter, Query

PAGE_MAX = 1000
TRIES = 10
"""A row that the duty changes meanwhile is read again."""


async def start_backfill(platform: Platform, caller: Caller, project: str, domain: str, asked: Asked) -> BackfillRecord:
    """Have the slots of a launch plan in a range of the past run, on behalf of the caller. Raises as `plan_backfill`,
    and `AlreadyExists`."""
    planned = await plan_backfill(platform, caller, project, domain, asked)
    record = planned.record
    if not await platform.store.backfills.create(record, planned.slots, _audit(platform, caller, "start", record)):
        raise AlreadyExists(
            "BackfillExists", f"there is a backfill `{record.id.name}`", fix="choose another name, or none"
        )
    return record


async def list_backfills(
    platform: Platform, caller: Caller, project: str, domain: str, *, plan: str = "", limit: int = 100, offset: int = 0
) -> list[BackfillRecord]:
    """The backfills of a place, newest first; with `plan`, only those of a launch plan."""
    await platform.require(caller, Place(project, domain), Action.VIEW)
    _check_page(limit)
    of_place = (Filter("project", "eq", (project,)), Filter("domain", "eq", (domain,)))
    of_plan = (Filter("plan", "eq", (plan,)),) if plan else ()
    return await platform.store.backfills.page(Query(limit=limit, offset=offset, filters=(*of_place, *of_plan)))


async def get_backfill(platform: Platform, caller: Caller, id: ExecutionId) -> BackfillRecord:
    """Raises `NotFound`."""
    await platform.require(caller, id.place, Action.VIEW)
    return await _read(platform, id)


async def list_slots(
    platform: Platform, caller: Caller, id: ExecutionId, *, state: str = "", limit: int = 100, offset: int = 0
) -> list[SlotRecord]:
    """Slots of a backfill, by time, of all states if none is given. Raises `NotFound`."""
    await platform.require(caller, id.place, Action.VIEW)
    _check_page(limit)
    await _read(platform, id)
    chosen = (Filter("state", "eq", (state,)),) if state else ()
    query = Query(limit=limit, offset=offset, filters=chosen, sort_by="at", descending=False)
    return await platform.store.backfills.slots(id, query)


async def pause_backfill(platform: Platform, caller: Caller, id: ExecutionId) -> BackfillRecord:
    """Start no further slot until it is resumed; runs that are open go on. Raises `NotFound`, and `FailedPrecondition`
    if it has ended or is being cancelled."""
    return await _change(platform, caller, id, "pause", lambda record: _put(record, BackfillState.PAUSED))


async def resume_backfill(platform: Platform, caller: Caller, id: ExecutionId) -> BackfillRecord:
    """Go on with one that is paused. Raises as `pause_backfill`."""
    return await _change(platform, caller, id, "resume", lambda record: _put(record, BackfillState.RUNNING))


async def cancel_backfill(platform: Platform, caller: Caller, id: ExecutionId) -> BackfillRecord:
    """Start no further slot, and have the runs that are open aborted. Raises `NotFound`, and `FailedPrecondition` if it
    has ended."""

    def changed(record: BackfillRecord) -> BackfillRecord:
        if record.state is BackfillState.CANCELLING:
            return record
        state = cancelled(record.counts)
        ended_at = platform.clock() if state.is_terminal else None
        return msgspec.structs.replace(record, state=state, ended_at=ended_at)

    return await _change(platform, caller, id, "cancel", changed)


def _put(record: BackfillRecord, state: BackfillState) -> BackfillRecord:
    if record.state is BackfillState.CANCELLING:
        raise FailedPrecondition("BackfillEnded", f"backfill `{record.id.name}` is being cancelled")
    return msgspec.structs.replace(record, state=state)


async def _change(
    platform: Platform,
    caller: Caller,
    id: ExecutionId,
    action: str,
    changed: Callable[[BackfillRecord], BackfillRecord],
) -> BackfillRecord:
    await platform.require(caller, id.place, Action.LAUNCH)
    for _ in range(TRIES):
        before = await _read(platform, id)
        if before.state.is_terminal:
            raise FailedPrecondition("BackfillEnded", f"backfill `{id.name}` has ended: {before.state.name}")
        after = changed(before)
        if after == before or await platform.store.backfills.change(
            before, after, _audit(platform, caller, action, before)
        ):
            return after
    raise Unavailable("BackfillBusy", f"backfill `{id.name}` changes all the time", fix="try again")


def _audit(platform: Platform, caller: Caller, action: str, record: BackfillRecord) -> Audit:
    id = record.id
    return platform.audit(
        caller, action, f"backfill {id}", project=id.project, domain=id.domain, detail=str(record.plan)
    )


def _check_page(limit: int) -> None:
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInput("BadPage", f"a page has 1 to {PAGE_MAX} rows, not {limit}")


async def _read(platform: Platform, id: ExecutionId) -> BackfillRecord:
    record = await platform.store.backfills.get(id)
    if record is None:
        raise NotFound(
            "BackfillNotFound",
            f"there is no backfill `{id.name}` in {id.project}/{id.domain}",
            fix="`alula list backfills` shows those there are",
        )
    return record
