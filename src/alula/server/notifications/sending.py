"""The duty to deliver notices, and to notice runs that are late.

A notice that a receiver does not take is tried again, later each time, and is dead in the end: it stays in the list,
and people may have it sent again. Each is delivered at least once; its id tells a receiver whether it knows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable

import msgspec

from alula.core.policy.notifying import TRIES_MAX, retry_after_us
from alula.server.measures import Metric, Reading
from alula.server.notifications.channels import Undelivered, deliver
from alula.server.notifications.occasions import MAIL, Occasions
from alula.server.notifications.options import Channel, NotificationOptions
from alula.server.notifications.writing import write
from alula.server.services.platform import Platform
from alula.server.store.leases import Lease
from alula.server.store.notices import Notice, NoticeState
from alula.server.store.query import Filter, Query

LOOK_EVERY_S = 2.0
PORTION = 20
"""Notices that are delivered at once."""
NOTICES = Metric("alula_notices_total", "counter", "Deliveries that were tried, by outcome.", ("outcome",))
_OPEN = ("QUEUED", "RUNNING", "SUCCEEDING", "FAILING", "ABORTING")

logger = logging.getLogger(__name__)


class Sending:
    """A duty: call it under the lease to deliver what is due."""

    def __init__(self, platform: Platform, options: NotificationOptions, occasions: Occasions) -> None:
        self._platform = platform
        self._options = options
        self._occasions = occasions
        self._channels = {channel.name: channel for channel in options.channels}
        self._rules = {rule.name: rule for rule in options.rules}
        self._looked_at: dict[str, int] = {}
        """Of each rule about late runs the launch time up to which runs were looked at."""
        self._outcomes = Counter[str]()

    async def __call__(self, lease: Lease) -> float:
        """Returns in how many seconds to look again."""
        await self._look_for_late_runs()
        notices = self._platform.store.notices
        while due := await notices.due(self._platform.clock(), limit=PORTION):
            await asyncio.gather(*(self._deliver(lease, notice) for notice in due))
        return LOOK_EVERY_S

    def measure(self) -> Iterable[Reading]:
        """Counts of tries."""
        yield Reading(NOTICES, {(outcome,): self._outcomes[outcome] for outcome in ("sent", "failed", "dead")})

    async def _deliver(self, lease: Lease, notice: Notice) -> None:
        channel = self._channels.get(notice.channel)
        if channel is None and notice.channel == MAIL:
            channel = Channel(MAIL, "email")
        tries = notice.tries + 1
        try:
            if channel is None:
                raise Undelivered(f"there is no channel `{notice.channel}` any more")
            if channel.kind == "email" and not self._options.smtp_host:
                raise Undelivered("`notifications.smtp_host` is not set")
            message = await write(self._platform, notice, self._rules.get(notice.rule))
            await asyncio.to_thread(deliver, self._options, channel, message, now_s=self._platform.clock() // 1_000_000)
        except Undelivered as error:
            settled = self._failed(notice, tries, str(error))
        else:
            self._outcomes["sent"] += 1
            settled = msgspec.structs.replace(
                notice, state=NoticeState.SENT, tries=tries, due_at=None, ended_at=self._platform.clock(), error=""
            )
        await self._platform.store.notices.settle(lease, settled)

    def _failed(self, notice: Notice, tries: int, error: str) -> Notice:
        now = self._platform.clock()
        if tries < TRIES_MAX:
            self._outcomes["failed"] += 1
            return msgspec.structs.replace(notice, tries=tries, due_at=now + retry_after_us(tries), error=error)
        self._outcomes["dead"] += 1
        logger.warning("notice %s of rule %s to %s is dead: %s", notice.id, notice.rule, notice.channel, error)
        return msgspec.structs.replace(
            notice, state=NoticeState.DEAD, tries=tries, due_at=None, ended_at=now, error=error
        )

    async def _look_for_late_runs(self) -> None:
        for rule in self._options.rules:
            if "LATE" not in rule.on:
                continue
            until = self._platform.clock() - round(rule.after_s * 1_000_000)
            after = self._looked_at.get(rule.name, 0)
            filters = (
                Filter("created_at", "gt", (str(after),)),
                Filter("created_at", "lte", (str(until),)),
                Filter("phase", "value_in", _OPEN),
            )
            for record in await self._platform.store.executions.page(Query(limit=1000, filters=filters)):
                await self._occasions.late(record, rule)
            self._looked_at[rule.name] = until
