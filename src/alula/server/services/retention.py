"""Retention: to see what would be removed and why other runs stay, to have it removed now, to keep a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import msgspec

from alula.core.errors import FailedPrecondition, NotFound
from alula.core.ids import ExecutionId, Place
from alula.core.policy.retention import Judge, RetentionRule, RunOutline, Stays, going
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.aged import Going, going_by_age
from alula.server.services.executions import missing, read_execution, require_execution
from alula.server.services.platform import Platform
from alula.server.services.run_objects import Use, removal_of, use_of
from alula.server.store.ties import KEPT

RETENTION = "retention"
"""The name of the duty, and of its lease."""
PORTION = 1000
"""Runs that are looked at together."""
MEASURED_MAX = 200
"""Most runs whose objects are counted for a preview, as somebody waits for it."""


class Survey(msgspec.Struct):
    """All runs, judged by the rules."""

    going: dict[ExecutionId, str]
    """The runs that go and their rules; a run stands behind those that need it."""
    stays: Counter[Stays]


class Goes(msgspec.Struct):
    """The runs that go by one rule."""

    rule: str
    runs: int = 0
    use: Use = msgspec.field(default_factory=Use)
    """Of those that were measured."""


class Preview(msgspec.Struct):
    """What retention would do now."""

    goes: list[Goes]
    measured: int
    """The number of runs whose objects were counted."""
    stays: Counter[Stays]
    unfinished: int
    """Runs that are being removed."""
    by_age: list[Going]
    """What else goes, by its age."""


async def survey(platform: Platform) -> Survey:
    """Judge all runs. For the platform, which asks for no right."""
    judge = Judge(platform.retention_rules, now=platform.clock(), settled_us=round(platform.settled_s * 1_000_000))
    stays = Counter[Stays]()
    candidates: dict[ExecutionId, str] = {}
    async for run in _outlines(platform):
        verdict = judge.verdict(run)
        if isinstance(verdict, Stays):
            stays[verdict] += 1
        else:
            candidates[run.id] = verdict.name
    ids = list(candidates)
    holders: dict[ExecutionId, list[ExecutionId]] = {}
    for first in range(0, len(ids), PORTION):
        holders |= await platform.store.ties.holders(ids[first : first + PORTION])
    free = {id: candidates[id] for id in going(ids, holders)}
    for id in candidates.keys() - free.keys():
        stays[Stays.KEPT if KEPT in holders.get(id, ()) else Stays.NEEDED] += 1
    return Survey(free, stays)


async def list_rules(platform: Platform, caller: Caller) -> tuple[RetentionRule, ...]:
    """The rules in their order: the first that fits a run decides."""
    await platform.require(caller, Place(), Action.VIEW, Action.MANAGE)
    return platform.retention_rules


async def preview(platform: Platform, caller: Caller) -> Preview:
    """What would be removed now, and why other runs stay."""
    await platform.require(caller, Place(), Action.VIEW, Action.MANAGE)
    found = await survey(platform)
    goes = {rule.name: Goes(rule.name) for rule in platform.retention_rules if rule.of == "runs"}
    measured = 0
    for id, rule in found.going.items():
        goes[rule].runs += 1
        if measured < MEASURED_MAX and await _measure(platform, id, goes[rule]):
            measured += 1
    unfinished = await platform.store.removals.unfinished(limit=PORTION)
    return Preview(list(goes.values()), measured, found.stays, len(unfinished), await going_by_age(platform))


async def run_now(platform: Platform, caller: Caller) -> list[str]:
    """Have the rules applied at once, and return their names. The process that does the duty loses its lease, and it or
    another begins anew."""
    await platform.require(caller, Place(), Action.MANAGE)
    if not platform.retention_rules:
        raise FailedPrecondition(
            "NoRetentionRules", "no rule says which runs go", fix="give `retention.rules` in the settings"
        )
    await platform.store.leases.release(None, RETENTION)
    return [rule.name for rule in platform.retention_rules]


async def is_kept(platform: Platform, caller: Caller, id: ExecutionId) -> bool:
    """True if somebody keeps a run. Raises `NotFound`."""
    await require_execution(platform, caller, id, Action.VIEW, with_values=False)
    return KEPT in (await platform.store.ties.holders([id])).get(id, ())


async def keep_run(platform: Platform, caller: Caller, id: ExecutionId) -> None:
    """Have a run stay whatever the rules say. Raises `NotFound`."""
    await platform.require(caller, id.place, Action.STEER)
    audit = platform.audit(caller, "keep", f"execution {id}", project=id.project, domain=id.domain)
    if not await platform.store.ties.keep(id, audit):
        raise await missing(platform, id)


async def let_go(platform: Platform, caller: Caller, id: ExecutionId) -> None:
    """Have it stay no longer for that reason. Raises `NotFound` for a run that is not there, or that nobody keeps."""
    await platform.require(caller, id.place, Action.STEER)
    audit = platform.audit(caller, "unkeep", f"execution {id}", project=id.project, domain=id.domain)
    if not await platform.store.ties.let_go(id, audit):
        await read_execution(platform, id, with_values=False)
        raise NotFound("ExecutionNotKept", f"nobody keeps execution `{id}`")


async def _outlines(platform: Platform) -> AsyncIterator[RunOutline]:
    after: RunOutline | None = None
    while portion := await platform.store.removals.outlines(after, limit=PORTION):
        for run in portion:
            yield run
        after = portion[-1]


async def _measure(platform: Platform, id: ExecutionId, goes: Goes) -> bool:
    """Add the objects of a run. False if it is gone."""
    record = await platform.store.executions.get(id)
    if record is None:
        return False
    use = await use_of(platform.store, platform.blobs, removal_of(record, goes.rule, 0))
    goes.use.objects += use.objects
    goes.use.bytes += use.bytes
    return True
