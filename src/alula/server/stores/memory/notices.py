"""Notices for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from alula.core.ids import Place
from alula.server.store.audits import Audit
from alula.server.store.leases import Lease
from alula.server.store.notices import NOTICES, Notice, NoticeState
from alula.server.store.query import Query
from alula.server.stores.checking import check
from alula.server.stores.memory import lists
from alula.server.stores.memory.aging import AgedRow
from alula.server.stores.memory.audits import Audits
from alula.server.stores.memory.leases import Leases


class Notices:
    def __init__(self, audits: Audits, leases: Leases) -> None:
        self._audits = audits
        self._leases = leases
        self._rows: dict[str, Notice] = {}

    async def add(self, notices: Sequence[Notice]) -> int:
        before = len(self._rows)
        for notice in notices:
            self._rows.setdefault(notice.id, notice)
        return len(self._rows) - before

    async def due(self, now: int, *, limit: int) -> list[Notice]:
        due = [(each.due_at, each.created_at, each.id) for each in self._rows.values() if each.due_at is not None]
        return [self._rows[id] for at, _, id in sorted(due) if at <= now][:limit]

    async def next_due(self) -> int | None:
        return min((each.due_at for each in self._rows.values() if each.due_at is not None), default=None)

    async def get(self, id: str) -> Notice | None:
        return self._rows.get(id)

    async def page(self, query: Query) -> list[Notice]:
        return lists.page_of(self._rows.values(), check(query, NOTICES), NOTICES)

    async def settle(self, lease: Lease, notice: Notice) -> None:
        self._leases.require(lease)
        if notice.id in self._rows:
            self._rows[notice.id] = notice

    async def resend(self, id: str, *, now: int, audit: Audit) -> bool:
        notice = self._rows.get(id)
        if notice is None:
            return False
        again = {"state": NoticeState.PENDING, "tries": 0, "due_at": now, "ended_at": None, "error": ""}
        self._rows[id] = msgspec.structs.replace(notice, **again)
        self._audits.append(audit)
        return True

    def aging(self) -> Iterator[AgedRow]:
        """The rows that may go by their age."""
        for id, row in list(self._rows.items()):
            if row.state is not NoticeState.PENDING:
                place = Place(row.project, row.domain)
                yield AgedRow(place, row.created_at, len(row.body), partial(self._rows.pop, id))
