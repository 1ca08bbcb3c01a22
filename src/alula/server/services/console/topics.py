"""What a live stream tells: one run, the runs of a domain, or the growth of a log, each until it has ended.

Each topic is an asynchronous iterator of what is new, as a kind and its data. It waits for news of the store, and at
least the stream's interval between two tellings, so that many commits become one. Rights are asked each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from alula.core.ids import AttemptId, ExecutionId, Place
from alula.server.access import Action
from alula.server.identity import Caller
from alula.server.services.console.runs import Run, runs_query, shown_runs
from alula.server.services.console.shown import LIST_MAX
from alula.server.services.console.skeleton import Changes, changes_of
from alula.server.services.executions import require_execution
from alula.server.services.logs import FOLLOW_MAX_S, FOLLOW_MIN_S, has_ended, source_of
from alula.server.services.platform import Platform
from alula.server.services.watch import PlaceSubscription
from alula.server.store.query import Filter

CLOCKS_DIFFER_US = 2_000_000
"""Times of changes are those of the machines that made them."""


class RunTopic(msgspec.Struct, frozen=True, tag_field="kind", tag="run", forbid_unknown_fields=True):
    """What changes in a run."""

    sub: str
    """A name by which the lines of this topic are known."""
    project: str
    domain: str
    name: str
    since: int = 0
    """The `seq` of what is known."""


class RunsTopic(msgspec.Struct, frozen=True, tag_field="kind", tag="runs", forbid_unknown_fields=True):
    """Runs of a domain that are new or have changed."""

    sub: str
    project: str
    domain: str
    filters: str = ""
    since: int = 0
    """The `now` of the list that is known; 0 for only what comes."""


class LogTopic(msgspec.Struct, frozen=True, tag_field="kind", tag="log", forbid_unknown_fields=True):
    """The growth of an attempt's log."""

    sub: str
    project: str
    domain: str
    name: str
    node_id: str
    attempt: int
    index: int = -1
    size: int = -1
    """The size that is known; -1 to be told at once."""


Topic = RunTopic | RunsTopic | LogTopic


class ChangedRuns(msgspec.Struct, frozen=True):
    """Runs of a list that are new or have changed."""

    runs: list[Run]
    gone: list[str]
    """Names of runs that have changed and do not meet the filters."""
    now: int


class LogGrowth(msgspec.Struct, frozen=True):
    """A log as far as it is written."""

    size: int
    ended: bool
    """True if nothing will be added."""


class ChangesLine(msgspec.Struct, frozen=True, tag_field="kind", tag="changes"):
    """Of a run."""

    sub: str
    data: Changes


class RunsLine(msgspec.Struct, frozen=True, tag_field="kind", tag="runs"):
    """Of a list."""

    sub: str
    data: ChangedRuns


class GrowthLine(msgspec.Struct, frozen=True, tag_field="kind", tag="log"):
    """Of a log."""

    sub: str
    data: LogGrowth


class ResetLine(msgspec.Struct, frozen=True, tag_field="kind", tag="reset"):
    """News of a list was missed: it is to be read again."""

    sub: str


class EndLine(msgspec.Struct, frozen=True, tag_field="kind", tag="end"):
    """All is told of a run or a log that has ended."""

    sub: str


Told = ChangesLine | RunsLine | GrowthLine | ResetLine | EndLine


def told(platform: Platform, caller: Caller, topic: Topic, interval_s: float) -> AsyncIterator[Told]:
    """All that there is to tell of a topic. Raises as the use cases that read it."""
    match topic:
        case RunTopic():
            return _run(platform, caller, topic, interval_s)
        case RunsTopic():
            return _runs(platform, caller, topic, interval_s)
        case LogTopic():
            return _log(platform, caller, topic, interval_s)


async def _run(platform: Platform, caller: Caller, topic: RunTopic, interval_s: float) -> AsyncIterator[Told]:
    id, since = ExecutionId(topic.project, topic.domain, topic.name), topic.since
    with platform.hub.watch(id) as subscription:
        while True:
            record = await require_execution(platform, caller, id, Action.VIEW, with_values=False)
            if record.seq != since:
                changes = await changes_of(platform, record, since)
                since = changes.seq
                yield ChangesLine(topic.sub, changes)
            if record.phase.is_terminal:
                yield EndLine(topic.sub)
                return
            await asyncio.sleep(interval_s)
            await subscription.next(timeout_s=platform.recheck_s)
            if subscription.closed:
                return


async def _runs(platform: Platform, caller: Caller, topic: RunsTopic, interval_s: float) -> AsyncIterator[Told]:
    place = Place(topic.project, topic.domain)
    with platform.hub.watch_place(place) as subscription:
        await platform.require(caller, place, Action.VIEW)
        if topic.since:
            since = Filter("updated_at", "gte", (str(topic.since - CLOCKS_DIFFER_US),))
            yield RunsLine(topic.sub, await _changed_runs(platform, topic, since, ()))
        while await _has_news(subscription, platform.recheck_s):
            await platform.require(caller, place, Action.VIEW)
            names, missed = subscription.take()
            if missed:
                yield ResetLine(topic.sub)
            elif names:
                which = Filter("name", "value_in", tuple(names))
                yield RunsLine(topic.sub, await _changed_runs(platform, topic, which, names))
            await asyncio.sleep(interval_s)


async def _has_news(subscription: PlaceSubscription, timeout_s: float) -> bool:
    """Wait for news. False if none will come any more."""
    while not subscription.closed:
        if await subscription.wait(timeout_s=timeout_s):
            return True
    return False


async def _changed_runs(platform: Platform, topic: RunsTopic, which: Filter, names: Sequence[str]) -> ChangedRuns:
    place = Place(topic.project, topic.domain)
    query = runs_query(place, topic.filters, sort="-created_at", limit=LIST_MAX)
    query = msgspec.structs.replace(query, filters=(*query.filters, which))
    records = await platform.store.executions.page(query)
    found = {record.id.name for record in records}
    gone = [name for name in names if name not in found]
    return ChangedRuns(await shown_runs(platform, records), gone, platform.clock())


async def _log(platform: Platform, caller: Caller, topic: LogTopic, interval_s: float) -> AsyncIterator[Told]:
    id = ExecutionId(topic.project, topic.domain, topic.name)
    attempt = AttemptId(id, topic.node_id, topic.attempt, topic.index)
    source = await source_of(platform, caller, attempt)
    size, wait_s = topic.size, FOLLOW_MIN_S
    with platform.hub.watch(id) as subscription:
        while True:
            ended = await has_ended(platform, attempt)
            now = await platform.logs.size(source)
            if now != size or ended:
                size, wait_s = now, FOLLOW_MIN_S
                yield GrowthLine(topic.sub, LogGrowth(size, ended))
            if ended:
                yield EndLine(topic.sub)
                return
            await asyncio.sleep(interval_s)
            await subscription.next(timeout_s=wait_s)
            wait_s = min(wait_s * 1.5, FOLLOW_MAX_S)
            if subscription.closed:
                return
            await platform.require(caller, id.place, Action.VIEW)
